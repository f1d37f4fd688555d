using RealtimeKit.Delivery;
using RealtimeKit.Inboxes;
using RealtimeKit.Protocol;

namespace RealtimeKit.Nodes;

/// <summary>
/// Notes that rows of inboxes changed by something that is neither a version nor a change of rights, here and on the other nodes. Safe for
/// concurrent use.
/// </summary>
internal sealed class RowNotices(InboxIndex inboxes, Distributor distributor)
{
    /// <summary>What a user alone has in a channel changed: the mark, or preferences.</summary>
    public void Changed(string channel, string user)
    {
        inboxes.Mark(channel, user);
        if (distributor.HasOtherNodes) distributor.Publish(channel, BrokerNotice.Row, 0, default, user);
    }

    /// <summary>Users are members of a channel that perhaps no node serves yet.</summary>
    public void Joined(string channel, IEnumerable<string> users)
    {
        using var body = new FrameBuffer();
        foreach (var user in users)
        {
            inboxes.Mark(channel, user);
            if (body.Length == 0) NodeNotices.Write(body, channel);
            NodeNotices.Write(body, user);
            if (body.Length >= NodeNotices.LargestBody) Send(body);
        }

        if (body.Length > 0) Send(body);
    }

    /// <summary>Takes another node's notice.</summary>
    public void Receive(string channel, string user, ReadOnlySpan<byte> body)
    {
        if (channel != Distributor.NodesChannel)
        {
            inboxes.Mark(channel, user);
            return;
        }

        var reader = new NodeNoticeReader(body);
        var name = reader.ReadChannel();
        while (reader.HasMore)
        {
            var member = reader.ReadUser();
            if (!reader.IsFaulty) inboxes.Mark(name, member);
        }
    }

    private void Send(FrameBuffer body)
    {
        if (distributor.HasOtherNodes) distributor.PublishToNodes(BrokerNotice.Row, 0, body.WrittenSpan);
        body.Clear();
    }
}
