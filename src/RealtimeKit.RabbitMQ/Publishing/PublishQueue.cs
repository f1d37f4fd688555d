using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace RealtimeKit.RabbitMQ.Publishing;

/// <summary>What waits to be sent to one broker, bounded in number and bytes. It outlives connections.</summary>
internal sealed class PublishQueue(int length, long bytes)
{
    private readonly Channel<Publication> _queue = System.Threading.Channels.Channel.CreateBounded<Publication>(
        new BoundedChannelOptions(length) { SingleReader = true });

    private long _bytes;

    public bool IsEmpty => _queue.Reader.Count == 0;

    /// <summary>Takes the publication, and its buffer with it; false, and nothing taken, where there is no room.</summary>
    public bool TryEnqueue(in Publication publication)
    {
        if (Interlocked.Add(ref _bytes, publication.Length) <= bytes && _queue.Writer.TryWrite(publication)) return true;
        Interlocked.Add(ref _bytes, -publication.Length);
        return false;
    }

    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _queue.Reader.WaitToReadAsync(cancellationToken);

    public bool TryDequeue([MaybeNullWhen(false)] out Publication publication)
    {
        if (!_queue.Reader.TryRead(out publication)) return false;
        Interlocked.Add(ref _bytes, -publication.Length);
        return true;
    }

    /// <summary>Takes no more; what is there may still be sent.</summary>
    public void Complete() => _queue.Writer.TryComplete();
}
