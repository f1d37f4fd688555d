using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace RealtimeKit.Checking.History;

/// <summary>What was asked of the nodes and what they promised, as those know who asked. It holds nothing that was read.</summary>
internal sealed class Ledger(Func<long>? clock = null)
{
    private readonly ConcurrentDictionary<Guid, Send> _sends = new();
    private readonly ConcurrentDictionary<(string Channel, long Sequence), ConcurrentQueue<Change>> _changes = new();
    private readonly Func<long> _clock = clock ?? TimeProvider.System.GetTimestamp;

    private int _ids;

    public ICollection<Send> Sends => _sends.Values;

    public int ChangeCount => _changes.Values.Sum(changes => changes.Count);

    /// <summary>One clock for all clients, so that their times compare.</summary>
    public long Now => _clock();

    public Send? Find(Guid id) => _sends.GetValueOrDefault(id);

    public IEnumerable<Change> ChangesOf(string channel, long sequence) =>
        _changes.TryGetValue((channel, sequence), out var changes) ? changes : [];

    /// <summary>A new message id. Its number makes it unlike all others, also where two clients draw the same.</summary>
    public Guid NewId(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes, Interlocked.Increment(ref _ids));
        // Version 7 of RFC 9562, as clients make them.
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Notes a message before it is handed over.</summary>
    public Send Begin(Guid id, string channel, string client, string sender, int? number, string text) =>
        _sends[id] = new Send(id, channel, client, sender, number, text, Now);

    public void Acknowledge(Send send, long sequence, bool duplicate) => send.Acknowledge(sequence, duplicate, Now);

    /// <summary>Notes a change before it is asked for.</summary>
    public Change Ask(ChangeKind kind, string channel, long sequence, string user, string value)
    {
        var change = new Change(kind, channel, sequence, user, value, Now);
        _changes.GetOrAdd((channel, sequence), _ => new()).Enqueue(change);
        return change;
    }

    /// <summary>Whether somebody asked for a message that reads like this, whatever the answer was.</summary>
    public bool Knows(Entry entry) =>
        Find(entry.Id) is { } send && send.Channel == entry.Channel && send.Sender == entry.Sender
        && (entry.Text is null || entry.Text == send.Text
            || ChangesOf(entry.Channel, entry.Sequence).Any(change => change.Kind == ChangeKind.Edit && change.Value == entry.Text));
}
