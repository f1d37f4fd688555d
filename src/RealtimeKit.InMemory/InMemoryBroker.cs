using System.Collections.Concurrent;
using System.Threading.Channels;

namespace RealtimeKit.InMemory;

/// <summary>
/// One node's broker over an <see cref="InMemoryBrokerNetwork"/>. What arrives waits in a bounded queue; when that is
/// full the newest is lost and the node is told, once the queue is empty, to make good what it missed. Safe for
/// concurrent use; disposing it takes the node off the network.
/// </summary>
/// <param name="network">The network that the nodes share.</param>
public sealed class InMemoryBroker(InMemoryBrokerNetwork network) : IMessageBroker, IAsyncDisposable
{
    private const int QueueLength = 65_536;

    private readonly ConcurrentDictionary<string, bool> _subscriptions = new(StringComparer.Ordinal);
    private readonly Channel<Delivery> _queue = System.Threading.Channels.Channel.CreateBounded<Delivery>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private Task _pump = Task.CompletedTask;
    private int _lost;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (!ReferenceEquals(_pump, Task.CompletedTask)) throw new InvalidOperationException("The broker was started before.");
        _pump = Task.Run(() => PumpAsync(receiver), CancellationToken.None);
        network.Attach(this);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Publish(string channel, ReadOnlySpan<byte> payload) => network.Publish(this, channel, payload);

    /// <inheritdoc/>
    public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        _subscriptions[channel] = true;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        _subscriptions.TryRemove(channel, out _);
        return ValueTask.CompletedTask;
    }

    /// <summary>Takes the node off the network; what waits in its queue still arrives before this ends.</summary>
    public async ValueTask DisposeAsync()
    {
        network.Detach(this);
        _queue.Writer.TryComplete();
        await _pump.ConfigureAwait(false);
    }

    internal bool IsSubscribed(string channel) => _subscriptions.ContainsKey(channel);

    internal void Enqueue(string channel, byte[] payload)
    {
        if (!_queue.Writer.TryWrite(new Delivery(channel, payload))) Volatile.Write(ref _lost, 1);
    }

    internal void EnqueueRegained()
    {
        // A full queue will tell the same when it is empty.
        if (!_queue.Writer.TryWrite(default)) Volatile.Write(ref _lost, 1);
    }

    private async Task PumpAsync(IBrokerReceiver receiver)
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_queue.Reader.TryRead(out var delivery))
            {
                if (delivery.Channel is null) receiver.ConnectionRegained();
                else if (IsSubscribed(delivery.Channel)) receiver.Receive(delivery.Channel, delivery.Payload);
            }

            if (Interlocked.Exchange(ref _lost, 0) == 1) receiver.ConnectionRegained();
        }
    }

    // The default value says that the connection was regained.
    private readonly record struct Delivery(string? Channel, byte[]? Payload);
}
