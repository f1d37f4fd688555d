using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace RealtimeKit.PostgreSql.Broker;

/// <summary>Something to publish.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Payload">A copy of what was given.</param>
internal readonly record struct QueuedNotice(string Channel, byte[] Payload);

/// <summary>What waits to be sent, bounded in number and bytes. It outlives connections. Safe for concurrent use; one caller takes.</summary>
internal sealed class NotifyQueue
{
    /// <summary>How many publications may wait.</summary>
    public const int Length = 16_384;

    /// <summary>How many bytes of publications may wait.</summary>
    public const long Bytes = 32 << 20;

    private readonly Channel<QueuedNotice> _notices = System.Threading.Channels.Channel.CreateBounded<QueuedNotice>(
        new BoundedChannelOptions(Length) { SingleReader = true });

    private long _bytes;

    public bool IsEmpty => _notices.Reader.Count == 0;

    /// <summary>Adds a publication; false where there is no room.</summary>
    public bool TryAdd(string channel, ReadOnlySpan<byte> payload)
    {
        if (Interlocked.Add(ref _bytes, payload.Length) <= Bytes && _notices.Writer.TryWrite(new QueuedNotice(channel, payload.ToArray()))) return true;
        Interlocked.Add(ref _bytes, -payload.Length);
        return false;
    }

    /// <summary>Waits until there is something to take.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _notices.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Takes the next publication.</summary>
    public bool TryTake([MaybeNullWhen(false)] out QueuedNotice publication)
    {
        if (!_notices.Reader.TryRead(out publication)) return false;
        Interlocked.Add(ref _bytes, -publication.Payload.Length);
        return true;
    }
}
