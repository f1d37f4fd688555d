using System.Buffers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ.Connection;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ;

/// <summary>
/// The broker over RabbitMQ: a channel's messages go to the partition that its name hashes to, each node has one queue on each
/// endpoint, and takes out of what arrives the channels that it wants.
/// </summary>
internal sealed class RabbitMqBroker(IOptions<RabbitMqBrokerOptions> options, TimeProvider time, ILogger<RabbitMqBroker> log)
    : IMessageBroker, IAsyncDisposable
{
    private readonly RabbitMqBrokerOptions _options = options.Value;
    private readonly ulong _id = (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
    private readonly Partitions _partitions = new(options.Value.Partitions);
    private readonly Subscriptions _subscriptions = new(options.Value.Partitions);
    private BrokerConnection[] _connections = [];
    private int _disposed;

    /// <summary>Connects, or begins to: it waits for the first attempt only, and no longer than the options' timeout.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        if (_connections.Length > 0) throw new InvalidOperationException("The broker was started before.");
        var node = new NodeContext(_id, _options, _partitions, _subscriptions, receiver, time, log);
        var count = _options.Endpoints.Count;
        _connections = [.. _options.Endpoints.Select((endpoint, index) => new BrokerConnection(node, endpoint, new Share(index, count)))];
        try
        {
            await Task.WhenAll(_connections.Select(connection => connection.Tried)).WaitAsync(_options.Timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It goes on trying.
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The channel's name is longer than 65,535 bytes.</exception>
    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var buffer = ArrayPool<byte>.Shared.Rent(Envelope.MaxLength(channel, payload.Length));
        var length = Envelope.Write(buffer, _id, channel, payload, out var name);
        var partition = _partitions.Of(name);
        ConnectionOf(partition).Publish(channel, partition, buffer, length);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Where the broker is away or does not answer within the options' timeout, the subscription stands nevertheless: it is
    /// made with the next connection, after which the engine repairs. Cancelling ends the wait only.
    /// </remarks>
    public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        var partition = _partitions.Of(channel);
        _subscriptions.Add(channel, partition);
        return ConnectionOf(partition).LevelAsync(partition, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        var partition = _partitions.Of(channel);
        _subscriptions.Remove(channel, partition);
        return ConnectionOf(partition).LevelAsync(partition, cancellationToken);
    }

    /// <summary>Sends what waits, for at most the options' timeout, and leaves the brokers; the node's queues go with it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1) return;
        await Task.WhenAll(_connections.Select(connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private BrokerConnection ConnectionOf(int partition) => _connections.Length > 0
        ? _connections[partition % _connections.Length]
        : throw new InvalidOperationException("The broker was not started.");
}
