using System.Text;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ.Diagnostics;

namespace RealtimeKit.RabbitMQ.Routing;

/// <summary>
/// Hands what arrives in the node's queue to the engine, in order. It acknowledges in bulk, for the sake of the prefetch
/// limit: without acknowledgements the library would take in without bound what a busy node has not yet handled.
/// </summary>
internal sealed class Inbox(
    IChannel channel, int prefetch, ulong node, Subscriptions subscriptions, IBrokerReceiver receiver, Action<string> cancelled, ILogger log)
    : IAsyncBasicConsumer
{
    private const int MaxStackName = 512;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ulong _bulk = (ulong)Math.Max(1, prefetch / 4);
    private ulong _received;
    private ulong _acknowledged;

    public IChannel Channel => channel;

    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        Hand(body.Span);
        Volatile.Write(ref _received, deliveryTag);
        return deliveryTag - Volatile.Read(ref _acknowledged) < _bulk ? Task.CompletedTask : AcknowledgeAsync(cancellationToken);
    }

    /// <summary>Acknowledges what was handled since the last time.</summary>
    public async Task AcknowledgeAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var received = Volatile.Read(ref _received);
            if (received == _acknowledged) return;
            await channel.BasicAckAsync(received, multiple: true, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _acknowledged, received);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The broker ended the consumer, as when the queue was deleted.</summary>
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        cancelled("the node's queue was deleted");
        return Task.CompletedTask;
    }

    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private void Hand(ReadOnlySpan<byte> body)
    {
        // The node's own publications have reached its readers already.
        if (!Envelope.TryRead(body, out var origin, out var name, out var payload) || origin == node) return;
        try
        {
            Span<char> characters = name.Length <= MaxStackName ? stackalloc char[MaxStackName] : new char[name.Length];
            var length = Encoding.UTF8.GetChars(name, characters);
            if (subscriptions.Find(characters[..length]) is { } subscribed) receiver.Receive(subscribed, payload);
        }
        catch (Exception exception)
        {
            BrokerLog.ReceiverFailed(log, exception);
        }
    }
}
