using System.Diagnostics;
using RealtimeKit.Brokers;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Nodes;

/// <summary>Takes what the broker brings, and what it says of its connections. Safe for concurrent use.</summary>
internal sealed class BrokerReceiver(
    Distributor distributor, LostPublishes lostPublishes, Repair repair, RowNotices rows, NodeLink link) : IBrokerReceiver
{
    private readonly Lock _gate = new();
    private int _lostConnections;

    /// <summary>How many of the broker's connections are lost at present.</summary>
    public int LostConnections
    {
        get
        {
            lock (_gate) return _lostConnections;
        }
    }

    public void Receive(string channel, ReadOnlySpan<byte> payload)
    {
        if (!BrokerPayload.TryRead(payload, out var notice, out var node, out var version, out var user, out ActivityContext trace, out var body)
            || node == distributor.NodeId) return;
        switch (notice)
        {
            case BrokerNotice.Event:
                distributor.Deliver(channel, new ChannelPosition(user, version), body, trace);
                break;
            case BrokerNotice.Signal:
                distributor.Relay(channel, user, body, SignalReach.All);
                break;
            case BrokerNotice.OwnSignal:
                distributor.Relay(channel, user, body, SignalReach.Own);
                break;
            case BrokerNotice.Head:
                distributor.TakeHead(channel, new ChannelPosition(user, version));
                break;
            case BrokerNotice.Row:
                rows.Receive(channel, user, body);
                break;
            default:
                link.Receive(channel, notice, node, version, user, body);
                break;
        }
    }

    public void ConnectionLost()
    {
        lock (_gate) lostPublishes.Hold(++_lostConnections > 0);
    }

    public void ConnectionRegained()
    {
        lock (_gate) lostPublishes.Hold((_lostConnections = Math.Max(0, _lostConnections - 1)) > 0);
        repair.Now();
        link.Regained();
    }

    public void PublishLost(string channel)
    {
        // Notices between nodes are repeated by the heartbeats.
        if (channel != Distributor.NodesChannel) lostPublishes.Add(channel);
    }
}
