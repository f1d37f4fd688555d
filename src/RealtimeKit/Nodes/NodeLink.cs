using Microsoft.Extensions.Logging;
using RealtimeKit.Brokers;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Nodes;

/// <summary>
/// What nodes exchange beside events: that they are up, who is connected to them, whose rights changed. The heartbeats
/// repeat everything in a short form, by which the others find what they missed.
/// </summary>
internal sealed partial class NodeLink(
    IMessageBroker broker, NodeLoop loop, OtherNodes nodes, RemotePresence presence, NodeCalls calls, AccessNotices access, AccessRecheck recheck,
    UserUpdates users, Distributor distributor, RealtimeOptions options, TimeProvider time, ILogger<NodeLink> logger)
{
    private long _lastTick;
    private long _round;
    private bool _onBeat;
    private bool _answersDue;

    private TimeSpan HalfBeat => options.NodeHeartbeat / 2;

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _lastTick = time.GetTimestamp();
        await using var timer = time.CreateTimer(_ => loop.Post(Tick), null, HalfBeat, HalfBeat).ConfigureAwait(false);
        var joining = JoinAsync(cancellationToken);
        await loop.RunAsync(Flush, cancellationToken).ConfigureAwait(false);
        await joining.ConfigureAwait(false);
    }

    /// <summary>Takes a notice of another node; returns at once.</summary>
    public void Receive(string channel, BrokerNotice notice, Guid from, long number, string user, ReadOnlySpan<byte> body)
    {
        if (from == Guid.Empty) return;
        var copy = body.ToArray();
        loop.Post(() => Handle(channel, notice, from, number, user, copy));
    }

    /// <summary>The broker is connected again: sends at once what the others may have missed, and looks for what this node missed.</summary>
    public void Regained()
    {
        loop.Post(() => Beat(wantsAnswer: true));
        recheck.All();
    }

    /// <summary>Sends that this node goes away for good.</summary>
    public void Leave()
    {
        using var body = new FrameBuffer();
        NodeNotices.Write(body, access.Number);
        try
        {
            distributor.PublishToNodes(BrokerNotice.Leave, 0, body.WrittenSpan);
        }
        catch (Exception exception)
        {
            // The stop of the node goes on.
            LeaveNotSent(exception);
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await broker.SubscribeAsync(Distributor.NodesChannel, cancellationToken).ConfigureAwait(false);
                loop.Post(() => Beat(wantsAnswer: true));
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                NodesNotJoined(exception);
                await Task.Delay(options.NodeHeartbeat, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Flush()
    {
        if (_answersDue) Beat(wantsAnswer: false);
        presence.Ask();
    }

    private void Tick()
    {
        var now = time.GetTimestamp();
        var wasPaused = time.GetElapsedTime(_lastTick, now) > 2 * options.NodeHeartbeat;
        _lastTick = now;
        foreach (var peer in nodes.All)
        {
            // This node was paused, so silence is its own fault: restart the other nodes' timeouts.
            if (wasPaused) peer.LastBeat = now;
            else if (time.GetElapsedTime(peer.LastBeat, now) >= 5 * HalfBeat) Lose(peer);
        }

        _onBeat = !_onBeat;
        if (_onBeat) Beat(wantsAnswer: false);
    }

    private void Beat(bool wantsAnswer)
    {
        _answersDue = false;
        using var body = new FrameBuffer();
        foreach (var part in presence.Digests())
        {
            body.Clear();
            NodeNotices.Write(body, wantsAnswer ? (byte)1 : (byte)0);
            NodeNotices.Write(body, access.Number);
            body.Append(part.Span);
            distributor.PublishToNodes(BrokerNotice.Heartbeat, _round, body.WrittenSpan);
        }

        _round++;
    }

    private void Handle(string channel, BrokerNotice notice, Guid from, long number, string user, byte[] body)
    {
        var reader = new NodeNoticeReader(body);
        switch (notice)
        {
            case BrokerNotice.Heartbeat:
                TakeHeartbeat(from, number, ref reader);
                break;
            case BrokerNotice.Leave when nodes.Find(from) is { } peer:
                CompareAccess(peer, reader.ReadUInt64());
                NodeLeft(from);
                Forget(peer);
                break;
            case BrokerNotice.Access:
                TakeAccess(from, (ulong)number, user, ref reader);
                break;
            case BrokerNotice.Presence when nodes.Find(from) is not null:
                presence.TakeChanges(from, channel, ref reader);
                break;
            case BrokerNotice.PresenceAsk:
                presence.Answer(from, ref reader);
                break;
            case BrokerNotice.PresenceState when nodes.Find(from) is { } peer:
                presence.TakeState(peer, ref reader);
                break;
            case BrokerNotice.Call:
                calls.Answer(from, number, user, ref reader);
                break;
            case BrokerNotice.Answer:
                calls.Take(from, number, ref reader);
                break;
            case BrokerNotice.Users:
                users.Receive(ref reader);
                break;
        }
    }

    private void TakeHeartbeat(Guid from, long round, ref NodeNoticeReader reader)
    {
        var wantsAnswer = reader.ReadByte() != 0;
        var accessNumber = reader.ReadUInt64();
        if (reader.IsFaulty) return;
        if (nodes.Find(from) is not { } peer)
        {
            peer = new OtherNode(from);
            nodes.Add(peer);
            NodeFound(from);
        }

        peer.LastBeat = time.GetTimestamp();
        _answersDue |= wantsAnswer;
        CompareAccess(peer, accessNumber);
        presence.Compare(peer, round, ref reader);
    }

    private void TakeAccess(Guid from, ulong number, string user, ref NodeNoticeReader reader)
    {
        var channel = reader.ReadChannel();
        if (reader.IsFaulty) return;
        var reason = reader.ReadText();
        access.Receive(channel, user.Length > 0 ? user : null, reason.Length > 0 ? reason : null);
        if (nodes.Find(from) is not { } peer || number <= peer.AccessNumber) return;
        if (number == peer.AccessNumber + 1) peer.AccessNumber = number;
        else CompareAccess(peer, number);
    }

    // A gap in a node's numbers means a lost notice: recheck everybody against the store.
    private void CompareAccess(OtherNode peer, ulong number)
    {
        if (number <= (peer.AccessNumber ?? 0) && peer.AccessNumber is not null) return;
        if (number > (peer.AccessNumber ?? 0)) recheck.All();
        peer.AccessNumber = number;
    }

    private void Lose(OtherNode peer)
    {
        NodeLost(peer.Id);
        Forget(peer);
        // The node may have changed rights and ended before its notice was sent.
        recheck.All();
    }

    private void Forget(OtherNode peer)
    {
        nodes.Remove(peer);
        presence.Forget(peer.Id);
        calls.Forget(peer.Id);
    }

    [LoggerMessage(50, LogLevel.Information, "Node {Node} is up.")]
    private partial void NodeFound(Guid node);

    [LoggerMessage(51, LogLevel.Warning, "Node {Node} stopped responding; its users are considered offline.")]
    private partial void NodeLost(Guid node);

    [LoggerMessage(52, LogLevel.Information, "Node {Node} has left.")]
    private partial void NodeLeft(Guid node);

    [LoggerMessage(55, LogLevel.Warning, "The other nodes were not notified that this one goes away; they notice its silence.")]
    private partial void LeaveNotSent(Exception exception);

    [LoggerMessage(54, LogLevel.Warning, "The broker accepts no subscription yet, so notices of the other nodes are not received; trying again.")]
    private partial void NodesNotJoined(Exception exception);
}
