using System.Diagnostics;
using RealtimeKit.Brokers;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;

namespace RealtimeKit.Delivery;

/// <summary>
/// Carries what was committed or signalled to the readers: to this node's channels directly, to other nodes through the
/// broker. What the broker loses is read from the store.
/// </summary>
internal sealed class Distributor(LocalChannels channels, IMessageBroker? broker, HeadReader? heads, MessageActivities activities)
{
    /// <summary>The broker's channel that every node subscribes to. It is no valid name, so that no channel has it.</summary>
    public const string NodesChannel = "$nodes";

    /// <summary>Distinguishes this node's notices from those of others, for brokers that bring them back.</summary>
    public Guid NodeId { get; } = Guid.NewGuid();

    [ThreadStatic]
    private static FrameBuffer? _scratch;

    /// <summary>Called with the name of each channel of which a new version becomes known here, whether or not it is served; it returns at once.</summary>
    public Action<string>? Changed { get; set; }

    /// <summary>Encodes a committed change once, for all of its readers.</summary>
    public void Committed(MessageChange change, Message message, ChannelPosition position, ActivityContext trace)
    {
        var local = channels.Find(change.Channel);
        Changed?.Invoke(change.Channel);
        if (heads is not null) PublishHead(change.Channel, position);
        if (local is null && (broker is null || heads is not null)) return;
        var scratch = _scratch ??= new FrameBuffer();
        scratch.Clear();
        Write(change, message, scratch);
        if (local is not null) Deliver(local, position, scratch.WrittenSpan, trace);
        if (broker is not null && heads is null) Publish(change.Channel, BrokerNotice.Event, position.Version, scratch.WrittenSpan, position.Epoch, trace);
    }

    /// <summary>
    /// A change turned out to be stored already, perhaps by a call whose answer was lost: then the readers may not have got
    /// it.
    /// </summary>
    public void Stored(string channel, ChannelPosition position)
    {
        Changed?.Invoke(channel);
        if (channels.Find(channel)?.Observe(position) == true) PublishHead(channel, position);
    }

    /// <summary>Another node says which version a channel has reached.</summary>
    public void TakeHead(string channel, ChannelPosition position)
    {
        Changed?.Invoke(channel);
        if (channels.Find(channel) is not { } local) return;
        if (heads is null) local.Observe(position);
        else heads.Read(local, position);
    }

    /// <summary>Gives an event that another node committed to this node's readers.</summary>
    public void Deliver(string channel, ChannelPosition position, ReadOnlySpan<byte> frame, ActivityContext trace)
    {
        Changed?.Invoke(channel);
        if (channels.Find(channel) is { } local) Deliver(local, position, frame, trace);
    }

    /// <summary>Sends a signal to a channel's subscribers on all nodes, except one connection of this node.</summary>
    public void SendSignal(string channel, string user, string name, ReadOnlySpan<byte> data, SessionOutput? except, SignalReach reach = SignalReach.All)
    {
        using var frame = new FrameBuffer();
        ServerEvents.Signal(frame, channel, user, name, data);
        channels.Find(channel)?.Signal(frame.WrittenSpan, Only(reach, user), except);
        if (broker is not null) Publish(channel, reach == SignalReach.All ? BrokerNotice.Signal : BrokerNotice.OwnSignal, 0, frame.WrittenSpan, user);
    }

    /// <summary>Whether there may be other nodes.</summary>
    public bool HasOtherNodes => broker is not null;

    /// <summary>Sends a change of what a user is in a channel to its subscribers, or only to that user's own.</summary>
    public void SendMember(string channel, in MemberNews news, SignalReach reach)
    {
        using var frame = new FrameBuffer();
        ServerEvents.Member(frame, channel, news);
        channels.Find(channel)?.Signal(frame.WrittenSpan, Only(reach, news.User));
        if (broker is not null)
            Publish(channel, reach == SignalReach.All ? BrokerNotice.Signal : BrokerNotice.OwnSignal, 0, frame.WrittenSpan, news.User);
    }

    /// <summary>Sends a channel's settings to its subscribers.</summary>
    public void SendSettings(string channel, ChannelSettings settings)
    {
        using var frame = new FrameBuffer();
        ServerEvents.Channel(frame, channel, settings);
        channels.Find(channel)?.Signal(frame.WrittenSpan);
        if (broker is not null) Publish(channel, BrokerNotice.Signal, 0, frame.WrittenSpan, "");
    }

    /// <summary>Sends the other nodes the position that a channel has reached, where they may have missed events.</summary>
    public void PublishHead(string channel, ChannelPosition head)
    {
        if (broker is not null) Publish(channel, BrokerNotice.Head, head.Version, default, head.Epoch);
    }

    /// <summary>Sends a signal that came from another node to whom it reaches here.</summary>
    public void Relay(string channel, string user, ReadOnlySpan<byte> frame, SignalReach reach) =>
        channels.Find(channel)?.Signal(frame, Only(reach, user));

    private void Deliver(LocalChannel channel, ChannelPosition position, ReadOnlySpan<byte> frame, ActivityContext trace)
    {
        var delivery = activities.StartDelivery(channel.Name, trace);
        try
        {
            if (heads is null) channel.Append(position, frame.ToArray());
            // Those before it are another node's: one read brings them all in their order.
            else if (!channel.TryAppendNext(position, frame.ToArray())) heads.Read(channel, position);
        }
        finally
        {
            activities.End(delivery);
        }
    }

    private static string? Only(SignalReach reach, string user) => reach == SignalReach.All ? null : user;

    private static void Write(MessageChange change, Message message, FrameBuffer output)
    {
        switch (change)
        {
            case PostChange:
                ServerEvents.Event(output, "posted"u8, message);
                break;
            case EditChange:
                ServerEvents.Event(output, "edited"u8, message);
                break;
            case DeleteChange:
                ServerEvents.Event(output, "deleted"u8, message);
                break;
            case PinChange:
                ServerEvents.Event(output, "pinned"u8, message);
                break;
            case ReactChange react:
                ServerEvents.Reacted(output, message, react.Reaction, react.User, react.Remove);
                break;
            default:
                throw new InvalidOperationException($"A change of type {change.GetType().Name} has no event.");
        }
    }

    /// <summary>Sends a notice to all other nodes. There must be a broker.</summary>
    public void PublishToNodes(BrokerNotice notice, long number, ReadOnlySpan<byte> body, string user = "") =>
        Publish(NodesChannel, notice, number, body, user);

    /// <summary>Hands a notice to the broker, which there must be.</summary>
    public void Publish(string channel, BrokerNotice notice, long version, ReadOnlySpan<byte> body, string user = "", ActivityContext trace = default)
    {
        using var payload = new FrameBuffer();
        BrokerPayload.Write(payload, notice, NodeId, version, user, body, trace);
        broker!.Publish(channel, payload.WrittenSpan);
    }
}

/// <summary>Whom a signal reaches among a channel's subscribers.</summary>
internal enum SignalReach
{
    /// <summary>Everybody.</summary>
    All,

    /// <summary>The user's own connections.</summary>
    Own,
}
