using Microsoft.Extensions.Logging;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ.Diagnostics;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>What all connections of a node have in common.</summary>
/// <param name="Id">Distinguishes this node's publications from those of others.</param>
internal sealed record NodeContext(
    ulong Id, RabbitMqBrokerOptions Options, Partitions Partitions, Subscriptions Subscriptions, IBrokerReceiver Receiver, TimeProvider Time, ILogger Log)
{
    /// <summary>Reports to the engine, which collects such names, that a publication did not or may not arrive.</summary>
    public void PublishLost(string channel)
    {
        try
        {
            Receiver.PublishLost(channel);
        }
        catch (Exception exception)
        {
            BrokerLog.ReceiverFailed(Log, exception);
        }
    }
}
