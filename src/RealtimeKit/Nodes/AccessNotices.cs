using System.Text;
using RealtimeKit.Delivery;
using RealtimeKit.Inboxes;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Nodes;

/// <summary>
/// Applies changes of rights to the sessions of this node and sends them to the other nodes. Each notice has a number, which
/// the heartbeats repeat: a node that misses one rechecks everybody against the store. Safe for concurrent use.
/// </summary>
internal sealed class AccessNotices(SessionAccess access, AccessRecheck recheck, Repair repair, InboxIndex inboxes, Distributor distributor)
{
    private readonly Lock _gate = new();
    private ulong _number;

    /// <summary>The number of the latest notice.</summary>
    public ulong Number
    {
        get
        {
            lock (_gate) return _number;
        }
    }

    /// <summary>A user's rights in a channel changed, or with null those of everybody.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user, or null.</param>
    /// <param name="reason">The reason to give where subscriptions end by it, else null.</param>
    public void Changed(string channel, string? user, string? reason)
    {
        access.Change(channel, user, reason);
        inboxes.Mark(channel, user);
        Publish(channel, user, reason ?? "");
    }

    /// <summary>
    /// A user (or with null everybody) may have no right to a channel any more, perhaps since a change whose answer was lost: all nodes recheck.
    /// </summary>
    public void Recheck(string channel, string? user, string reason)
    {
        Receive(channel, user, reason);
        Publish(channel, user, reason);
    }

    /// <summary>A change may or may not have been made: all nodes recheck everybody who is subscribed.</summary>
    public void RecheckAll()
    {
        recheck.All();
        // No notice has this number: the other nodes see a gap by the heartbeat, and recheck.
        lock (_gate) _number++;
    }

    /// <summary>Applies another node's notice; the store decides.</summary>
    public void Receive(string channel, string? user, string? reason)
    {
        access.Change(channel, user, null);
        inboxes.Mark(channel, user);
        if (reason is null) return;
        if (user is null) repair.Now();
        else recheck.One(channel, user, reason);
    }

    private void Publish(string channel, string? user, string reason)
    {
        if (!distributor.HasOtherNodes) return;
        using var body = new FrameBuffer();
        NodeNotices.Write(body, channel);
        body.Append(Encoding.UTF8.GetBytes(reason));
        // Sent in the order of the numbers, and no heartbeat has a number that was not sent before it.
        lock (_gate) distributor.PublishToNodes(BrokerNotice.Access, (long)++_number, body.WrittenSpan, user ?? "");
    }
}
