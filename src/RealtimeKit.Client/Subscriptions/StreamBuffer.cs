using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace RealtimeKit.Client;

/// <summary>An update that waits for the application, and the place to resume from once it has it.</summary>
internal readonly record struct StreamItem(ChannelUpdate Update, ChannelCursor? Cursor);

/// <summary>What waits for the application's reader. Writing never waits; whoever writes looks at <see cref="IsFull"/> afterwards.</summary>
internal sealed class StreamBuffer(int limit)
{
    private readonly Channel<StreamItem> _items = Channel.CreateUnbounded<StreamItem>();
    private int _count;
    private int _reading;

    public bool IsFull => Volatile.Read(ref _count) >= limit;

    /// <summary>Whether so much is read that the stream may go on.</summary>
    public bool HasRoom => Volatile.Read(ref _count) <= limit / 2;

    public void Write(StreamItem item)
    {
        Interlocked.Increment(ref _count);
        if (!_items.Writer.TryWrite(item)) Interlocked.Decrement(ref _count);
    }

    public void Complete(Exception? error = null) => _items.Writer.TryComplete(error);

    /// <summary>Reads until the stream is complete; <paramref name="onTaken"/> is called after each item that was taken.</summary>
    public async IAsyncEnumerable<StreamItem> ReadAsync(Action onTaken, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) == 1) throw new InvalidOperationException("The channel is being read already.");
        try
        {
            while (await _items.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (!cancellationToken.IsCancellationRequested && _items.Reader.TryRead(out var item))
                {
                    Interlocked.Decrement(ref _count);
                    onTaken();
                    yield return item;
                }
            }
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }
}
