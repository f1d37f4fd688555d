using System.Runtime.InteropServices;

namespace RealtimeKit.Messages;

/// <summary>
/// The changes that wait for a commit: each user's in their order, and the users in turns, a change in each turn, so that nobody waits
/// behind all that another one has sent over many connections. Not safe for concurrent use: the append queue's lock guards it.
/// </summary>
internal sealed class WaitingAppends
{
    // The first of each user's, and the last.
    private readonly Queue<PendingAppend> _turns = new();
    private readonly Dictionary<string, PendingAppend> _last = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    /// <summary>The bytes of their content.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether a change of that user waits.</summary>
    public bool Has(string user) => _last.ContainsKey(user);

    public void Add(PendingAppend append)
    {
        Count++;
        Bytes += append.Bytes;
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, append.User, out var waits);
        if (waits) last!.Next = append;
        else _turns.Enqueue(append);
        last = append;
    }

    /// <summary>Moves the next ones into a batch, as many and as much as it may hold, but one at least where one waits.</summary>
    public void Fill(List<PendingAppend> batch, int mostChanges, int mostBytes)
    {
        for (var bytes = 0; batch.Count < mostChanges && _turns.TryPeek(out var append); batch.Add(append))
        {
            bytes += append.Bytes;
            if (batch.Count > 0 && bytes > mostBytes) return;
            _turns.Dequeue();
            if (append.Next is { } next) _turns.Enqueue(next);
            else _last.Remove(append.User);
            append.Next = null;
            Count--;
            Bytes -= append.Bytes;
        }
    }
}
