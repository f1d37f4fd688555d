using RabbitMQ.Client;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ.Publishing;

/// <summary>
/// Sends what waits, one after another over one AMQP channel, without waiting for each confirmation. The only one that
/// publishes on its channel, so that it knows the numbers by which the broker confirms.
/// </summary>
internal sealed class Publisher(
    IChannel channel, string exchange, Partitions partitions, PublishQueue queue, Unconfirmed unconfirmed, Action<string> lost)
{
    private readonly CachedString _exchange = new(exchange);

    // With headers of its own, or else the library makes some for each message. Transient, as all else by default.
    private readonly BasicProperties _properties = new() { Headers = new Dictionary<string, object?>() };

    /// <summary>Ends when the queue is completed and empty.</summary>
    /// <exception cref="OperationCanceledException">The connection was lost.</exception>
    public async Task RunAsync(CancellationToken connectionLost)
    {
        while (await queue.WaitAsync(connectionLost).ConfigureAwait(false))
        {
            while (queue.TryDequeue(out var publication)) await SendAsync(publication, connectionLost).ConfigureAwait(false);
        }
    }

    // Not mandatory: a partition that no node is bound to has no reader who could miss something. A node that ought to be
    // bound and is not has lost its queue, and repairs when it has a new one.
    private async ValueTask SendAsync(Publication publication, CancellationToken connectionLost)
    {
        try
        {
            await unconfirmed.EnterAsync(publication.Channel, connectionLost).ConfigureAwait(false);
            _properties.Headers!.Clear();
            await channel.BasicPublishAsync(
                _exchange, partitions.Key(publication.Partition), mandatory: false, _properties, publication.Body, connectionLost).ConfigureAwait(false);
        }
        catch
        {
            lost(publication.Channel);
            throw;
        }
        finally
        {
            publication.Return();
        }
    }
}
