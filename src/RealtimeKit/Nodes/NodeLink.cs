using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// What the nodes have to say to each other beside events: that they live, who is connected to them, whose rights changed.
/// Everything is said again with the heartbeats in a short form, by which the others find out what they missed. One loop
/// does all of it, one thing after another.
/// </summary>
internal sealed partial class NodeLink : IDisposable
{
    /// <summary>The broker's channel that every node listens to. It is no identifier, so that no channel has its name.</summary>
    public const string Channel = "$nodes";

    // More than this waiting means that the node cannot keep up; the heartbeats make good what is dropped.
    private const int Backlog = 16_384;

    private readonly Channel<Action> _work = System.Threading.Channels.Channel.CreateBounded<Action>(
        new BoundedChannelOptions(Backlog) { SingleReader = true });

    private readonly ConcurrentDictionary<Guid, OtherNode> _peers = [];
    private readonly RealtimeNode _node;
    private readonly ILogger _logger;
    private readonly Lock _accessGate = new();
    private ulong _accessNumber;
    private long _lastTick;
    private long _round;
    private bool _onBeat;
    private bool _answersDue;
    private volatile bool _busy;

    public NodeLink(RealtimeNode node, ILogger<NodeLink> logger)
    {
        (_node, _logger) = (node, logger);
        Presence = new RemotePresence(this, node);
        Calls = new NodeCalls(this, node);
        node.LocalChannels.Served = Presence.Serve;
    }

    public RemotePresence Presence { get; }

    public NodeCalls Calls { get; }

    /// <summary>The nodes that were heard lately.</summary>
    public ICollection<Guid> Peers => _peers.Keys;

    /// <summary>Whether nothing waits to be done.</summary>
    public bool IsIdle => !_busy && _work.Reader.Count == 0;

    private TimeSpan HalfBeat => _node.Options.NodeHeartbeat / 2;

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _lastTick = _node.Time.GetTimestamp();
        await using var timer = _node.Time.CreateTimer(_ => Post(Tick), null, HalfBeat, HalfBeat).ConfigureAwait(false);
        var joining = JoinAsync(cancellationToken);
        try
        {
            while (await _work.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                _busy = true;
                while (_work.Reader.TryRead(out var work)) Do(work);
                Do(Flush);
                _busy = false;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }

        await joining.ConfigureAwait(false);
    }

    public void Dispose() => _work.Writer.TryComplete();

    /// <summary>Has something done on the loop.</summary>
    /// <returns>False where too much waits already.</returns>
    public bool Post(Action work) => _work.Writer.TryWrite(work);

    /// <summary>Tells all other nodes.</summary>
    public void Tell(BrokerNotice notice, long version, ReadOnlySpan<byte> body, string user = "") =>
        _node.Distributor.Publish(Channel, notice, version, body, user);

    /// <summary>Takes what another node said; returns at once.</summary>
    public void Receive(string channel, BrokerNotice notice, Guid from, long version, string user, ReadOnlySpan<byte> body)
    {
        if (from == Guid.Empty) return;
        var copy = body.ToArray();
        Post(() => Handle(channel, notice, from, version, user, copy));
    }

    /// <summary>The broker is there again: says at once what the others, and this node, may have missed.</summary>
    public void Regained()
    {
        Post(() => Beat(wantsAnswer: true));
        _node.AccessReview.All();
    }

    /// <summary>Tells that a user, or with null everybody, stands to a channel otherwise than before.</summary>
    public void AccessChanged(string channel, string? user, string reason)
    {
        using var body = new FrameBuffer();
        NodeNotices.Write(body, channel);
        body.Append(System.Text.Encoding.UTF8.GetBytes(reason));
        // Told in the order of the numbers, and no heartbeat bears a number that was not told before it.
        lock (_accessGate) Tell(BrokerNotice.Access, (long)++_accessNumber, body.WrittenSpan, user ?? "");
    }

    /// <summary>Takes a number that is never told with a change: by the heartbeat the others find that they lack it, and ask the store.</summary>
    public void DoubtAccess()
    {
        lock (_accessGate) _accessNumber++;
    }

    /// <summary>Says that this node goes away for good.</summary>
    public void Leave()
    {
        using var body = new FrameBuffer();
        NodeNotices.Write(body, AccessNumber);
        Tell(BrokerNotice.Leave, 0, body.WrittenSpan);
    }

    public bool IsKnown(Guid node) => _peers.ContainsKey(node);

    private ulong AccessNumber
    {
        get
        {
            lock (_accessGate) return _accessNumber;
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _node.Broker!.SubscribeAsync(Channel, cancellationToken).ConfigureAwait(false);
                Post(() => Beat(wantsAnswer: true));
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogNotJoined(exception);
                await Task.Delay(_node.Options.NodeHeartbeat, _node.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Do(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            LogFailed(exception);
        }
    }

    private void Flush()
    {
        if (_answersDue) Beat(wantsAnswer: false);
        Presence.Ask();
    }

    private void Tick()
    {
        var now = _node.Time.GetTimestamp();
        var stood = _node.Time.GetElapsedTime(_lastTick, now) > 2 * _node.Options.NodeHeartbeat;
        _lastTick = now;
        foreach (var peer in _peers.Values)
        {
            // Who stood still itself has not listened, and gives the others their time anew.
            if (stood) peer.LastHeard = now;
            else if (_node.Time.GetElapsedTime(peer.LastHeard, now) >= 5 * HalfBeat) Lose(peer);
        }

        _onBeat = !_onBeat;
        if (_onBeat) Beat(wantsAnswer: false);
    }

    private void Beat(bool wantsAnswer)
    {
        _answersDue = false;
        using var body = new FrameBuffer();
        foreach (var part in Presence.Digests())
        {
            body.Clear();
            NodeNotices.Write(body, wantsAnswer ? (byte)1 : (byte)0);
            NodeNotices.Write(body, AccessNumber);
            body.Append(part.Span);
            Tell(BrokerNotice.Heartbeat, _round, body.WrittenSpan);
        }

        _round++;
    }

    private void Handle(string channel, BrokerNotice notice, Guid from, long version, string user, byte[] body)
    {
        var reader = new NodeNoticeReader(body);
        switch (notice)
        {
            case BrokerNotice.Heartbeat:
                TakeHeartbeat(from, version, ref reader);
                break;
            case BrokerNotice.Leave when _peers.TryGetValue(from, out var peer):
                CompareAccess(peer, reader.ReadUInt64());
                LogLeft(from);
                Forget(peer);
                break;
            case BrokerNotice.Access:
                TakeAccess(from, (ulong)version, user, ref reader);
                break;
            case BrokerNotice.Presence when IsKnown(from):
                Presence.TakeChanges(from, channel, ref reader);
                break;
            case BrokerNotice.PresenceAsk:
                Presence.Answer(from, ref reader);
                break;
            case BrokerNotice.PresenceState when _peers.TryGetValue(from, out var peer):
                Presence.TakeState(peer, ref reader);
                break;
            case BrokerNotice.Call:
                Calls.Answer(from, version, user, ref reader);
                break;
            case BrokerNotice.Answer:
                Calls.Take(from, version, ref reader);
                break;
        }
    }

    private void TakeHeartbeat(Guid from, long round, ref NodeNoticeReader reader)
    {
        var wantsAnswer = reader.ReadByte() != 0;
        var access = reader.ReadUInt64();
        if (reader.IsFaulty) return;
        if (!_peers.TryGetValue(from, out var peer))
        {
            _peers[from] = peer = new OtherNode(from);
            LogFound(from);
        }

        peer.LastHeard = _node.Time.GetTimestamp();
        _answersDue |= wantsAnswer;
        CompareAccess(peer, access);
        Presence.Compare(peer, round, ref reader);
    }

    private void TakeAccess(Guid from, ulong number, string user, ref NodeNoticeReader reader)
    {
        var channel = reader.ReadIdentifier();
        if (reader.IsFaulty) return;
        var reason = reader.ReadText();
        _node.ReviewAccess(channel, user.Length > 0 ? user : null, reason.Length > 0 ? reason : null);
        if (!_peers.TryGetValue(from, out var peer) || number <= peer.AccessNumber) return;
        if (number == peer.AccessNumber + 1) peer.AccessNumber = number;
        else CompareAccess(peer, number);
    }

    // Whose numbers jump has told something that did not arrive: what it was the store knows.
    private void CompareAccess(OtherNode peer, ulong number)
    {
        if (number <= (peer.AccessNumber ?? 0) && peer.AccessNumber is not null) return;
        if (number > (peer.AccessNumber ?? 0)) _node.AccessReview.All();
        peer.AccessNumber = number;
    }

    private void Lose(OtherNode peer)
    {
        LogLost(peer.Id);
        Forget(peer);
        // It may have changed somebody's rights and died before it told.
        _node.AccessReview.All();
    }

    private void Forget(OtherNode peer)
    {
        _peers.TryRemove(peer.Id, out _);
        Presence.Forget(peer.Id);
        Calls.Forget(peer.Id);
    }

    [LoggerMessage(50, LogLevel.Information, "Node {Node} is heard.")]
    private partial void LogFound(Guid node);

    [LoggerMessage(51, LogLevel.Warning, "Node {Node} has fallen silent; its users are taken as gone.")]
    private partial void LogLost(Guid node);

    [LoggerMessage(52, LogLevel.Information, "Node {Node} has left.")]
    private partial void LogLeft(Guid node);

    [LoggerMessage(53, LogLevel.Error, "Something that concerns the other nodes failed.")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(54, LogLevel.Warning, "The other nodes cannot be heard yet, because the broker takes no subscription; trying again.")]
    private partial void LogNotJoined(Exception exception);
}
