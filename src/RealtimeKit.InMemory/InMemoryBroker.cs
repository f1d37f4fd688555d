using System.Collections.Concurrent;
using System.Threading.Channels;
using RealtimeKit.Brokers;

namespace RealtimeKit.InMemory;

/// <summary>
/// One node's broker over an <see cref="InMemoryBrokerNetwork"/>. What arrives waits in a bounded queue; when that is
/// full the newest is lost, and once the queue is empty the node is notified to read what it missed from the store. Safe for
/// concurrent use; disposing it takes the node off the network.
/// </summary>
/// <param name="network">The network that the nodes share.</param>
internal sealed class InMemoryBroker(InMemoryBrokerNetwork network) : IMessageBroker, IAsyncDisposable
{
    private const int QueueLength = 65_536;
    private static readonly byte[] Lost = [0];
    private static readonly byte[] Regained = [1];

    private readonly ConcurrentDictionary<string, bool> _subscriptions = new(StringComparer.Ordinal);
    private readonly Channel<Delivery> _queue = System.Threading.Channels.Channel.CreateBounded<Delivery>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private IBrokerReceiver? _receiver;
    private Task _pump = Task.CompletedTask;
    private int _lost;
    private bool _isLost;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (!ReferenceEquals(_pump, Task.CompletedTask)) throw new InvalidOperationException("The broker was started before.");
        _receiver = receiver;
        _pump = Task.Run(() => PumpAsync(receiver), CancellationToken.None);
        network.Attach(this);
        if (!network.Online) EnqueueConnection(lost: true);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        if (!network.TryPublish(this, channel, payload)) _receiver?.PublishLost(channel);
    }

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

    internal void EnqueueConnection(bool lost)
    {
        // A full queue notifies the node when it is empty.
        if (!_queue.Writer.TryWrite(new Delivery(null, lost ? Lost : Regained))) Volatile.Write(ref _lost, 1);
    }

    private async Task PumpAsync(IBrokerReceiver receiver)
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_queue.Reader.TryRead(out var delivery))
            {
                if (delivery.Channel is null) Notify(receiver, delivery.Payload == Lost);
                else if (IsSubscribed(delivery.Channel)) receiver.Receive(delivery.Channel, delivery.Payload);
            }

            if (Interlocked.Exchange(ref _lost, 0) == 0) continue;
            Notify(receiver, lost: true);
            Notify(receiver, lost: !network.Online);
        }
    }

    private void Notify(IBrokerReceiver receiver, bool lost)
    {
        if (lost == _isLost) return;
        _isLost = lost;
        if (lost) receiver.ConnectionLost();
        else receiver.ConnectionRegained();
    }

    // Without a channel it reports the state of the connection.
    private readonly record struct Delivery(string? Channel, byte[] Payload);
}
