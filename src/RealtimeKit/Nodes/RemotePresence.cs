using RealtimeKit.Delivery;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;

namespace RealtimeKit.Nodes;

/// <summary>
/// The presence of the users of other nodes in the channels that are served here. Changes come one by one; with every
/// heartbeat a node lists its channels, each with a digest of who is present, and is asked for the whole of those that
/// differ. So whatever was lost, two heartbeats later presence is the same everywhere. Used by the nodes' loop alone,
/// except for <see cref="Serve"/>.
/// </summary>
internal sealed class RemotePresence(
    OtherNodes nodes, NodeLoop loop, LocalChannels localChannels, PresenceNotifier notifier, Distributor distributor, RealtimeOptions options, TimeProvider time)
{
    private const int DigestBytes = sizeof(ulong) + sizeof(uint);
    private const int DigestsPerPart = NodeNotices.LargestBody / DigestBytes;
    private const byte FirstPart = 1;
    private const byte LastPart = 2;

    private readonly List<LocalChannel> _unasked = [];
    private readonly Dictionary<Guid, HashSet<string>> _differing = [];

    /// <summary>A channel begins to be served: the others are asked who is there.</summary>
    public void Serve(LocalChannel channel)
    {
        var rollCall = channel.RollCall = new RollCall(time.GetTimestamp());
        if (!loop.Post(() => _unasked.Add(channel))) rollCall.End();
    }

    /// <summary>Asks for what is missing, all of it at once.</summary>
    public void Ask()
    {
        if (_unasked.Count > 0)
        {
            var peers = nodes.Ids;
            foreach (var channel in _unasked) channel.RollCall!.Begin(peers);
            if (peers.Count > 0) Ask(Guid.Empty, _unasked.Select(channel => channel.Name));
            _unasked.Clear();
        }

        foreach (var (peer, channels) in _differing) Ask(peer, channels);
        _differing.Clear();
    }

    /// <summary>Lists the channels in which this node has somebody, in as many parts as are needed, at least one.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Digests()
    {
        // A change that is not sent yet would look like a lost one.
        notifier.Send();
        var digests = new List<(ulong Key, uint Digest)>();
        foreach (var channel in localChannels.All)
            if (channel.Presence.OwnDigest() is { } digest) digests.Add((channel.Key, digest));
        var parts = Math.Max(1, (digests.Count + DigestsPerPart - 1) / DigestsPerPart);
        using var output = new FrameBuffer();
        for (var part = 0; part < parts; part++)
        {
            output.Clear();
            NodeNotices.Write(output, (ushort)part);
            NodeNotices.Write(output, (ushort)parts);
            foreach (var (key, digest) in digests.Skip(part * DigestsPerPart).Take(DigestsPerPart))
            {
                NodeNotices.Write(output, key);
                NodeNotices.Write(output, digest);
            }

            yield return output.WrittenMemory;
        }
    }

    /// <summary>Compares what another node lists with what is held of it, and notes what to ask it for.</summary>
    public void Compare(OtherNode peer, long round, ref NodeNoticeReader reader)
    {
        var (part, parts) = (reader.ReadUInt16(), reader.ReadUInt16());
        if (part == 0) Begin(peer, round);
        if (reader.IsFaulty || peer.Round != round || peer.NextPart != part)
        {
            peer.Round = null;
            return;
        }

        peer.NextPart++;
        while (reader.HasMore)
        {
            var (key, digest) = (reader.ReadUInt64(), reader.ReadUInt32());
            if (reader.IsFaulty || localChannels.FindServed(key) is not { } channel) continue;
            peer.Listed.Add(key);
            if (channel.Presence.DigestOf(peer.Id) != digest) Note(peer, channel);
        }

        if (peer.NextPart < parts) return;
        foreach (var channel in localChannels.All)
            if (!peer.Listed.Contains(channel.Key) && channel.Presence.DigestOf(peer.Id) is not null) Note(peer, channel);
        peer.Round = null;
    }

    /// <summary>Takes changes of another node's users in one channel.</summary>
    public void TakeChanges(Guid from, string name, ref NodeNoticeReader reader)
    {
        var changes = new List<PresenceOf>();
        while (reader.HasMore) changes.Add(reader.ReadPresence());
        if (reader.IsFaulty || localChannels.Find(name) is not { } channel) return;
        foreach (var change in changes) notifier.Note(channel, channel.Presence.Take(from, change));
    }

    /// <summary>Answers another node's question with all who are in those channels through this node.</summary>
    public void Answer(Guid from, ref NodeNoticeReader reader)
    {
        var asked = reader.ReadGuid();
        if (asked != Guid.Empty && asked != distributor.NodeId) return;
        using var answer = new StateWriter(distributor, from);
        while (reader.HasMore)
        {
            var name = reader.ReadChannel();
            if (!reader.IsFaulty) answer.Add(name, localChannels.Find(name)?.Presence.ListOwn() ?? []);
        }
    }

    /// <summary>Takes such an answer.</summary>
    public void TakeState(OtherNode peer, ref NodeNoticeReader reader)
    {
        if (reader.ReadGuid() != distributor.NodeId) return;
        while (reader.HasMore)
        {
            var (name, flags, count) = (reader.ReadChannel(), reader.ReadByte(), reader.ReadUInt16());
            if ((flags & FirstPart) != 0) peer.State.Clear();
            else if (peer.StateChannel != name) return;
            peer.StateChannel = name;
            for (var i = 0; i < count && !reader.IsFaulty; i++) peer.State.Add(reader.ReadPresence());
            if (reader.IsFaulty || (flags & LastPart) != 0) peer.StateChannel = null;
            if (!reader.IsFaulty && (flags & LastPart) != 0) Replace(peer, name);
        }
    }

    /// <summary>A node is gone, and its users with it.</summary>
    public void Forget(Guid peer)
    {
        _differing.Remove(peer);
        foreach (var channel in localChannels.All)
        {
            foreach (var change in channel.Presence.Replace(peer, [])) notifier.Note(channel, change);
            channel.RollCall?.Answer(peer);
        }
    }

    private void Begin(OtherNode peer, long round)
    {
        var now = time.GetTimestamp();
        peer.Listed.Clear();
        peer.NextPart = 0;
        peer.Round = null;
        // After a pause of this process many heartbeats wait; one comparison is enough.
        if (peer.Compared is { } compared && time.GetElapsedTime(compared, now) < options.NodeHeartbeat / 4) return;
        peer.Compared = now;
        peer.Round = round;
    }

    private void Replace(OtherNode peer, string name)
    {
        if (localChannels.Find(name) is not { } channel) return;
        var changes = channel.Presence.Replace(peer.Id, peer.State);
        // Users who were present before this node began to serve the channel are no change: readers ask for them.
        if (channel.RollCall?.Answer(peer.Id) == true) return;
        foreach (var change in changes) notifier.Note(channel, change);
    }

    private void Note(OtherNode peer, LocalChannel channel)
    {
        if (!_differing.TryGetValue(peer.Id, out var channels)) _differing[peer.Id] = channels = new HashSet<string>(StringComparer.Ordinal);
        channels.Add(channel.Name);
    }

    private void Ask(Guid peer, IEnumerable<string> channels)
    {
        using var body = new FrameBuffer();
        foreach (var channel in channels)
        {
            if (body.Length == 0) NodeNotices.Write(body, peer);
            NodeNotices.Write(body, channel);
            if (body.Length < NodeNotices.LargestBody) continue;
            distributor.PublishToNodes(BrokerNotice.PresenceAsk, 0, body.WrittenSpan);
            body.Clear();
        }

        if (body.Length > 0) distributor.PublishToNodes(BrokerNotice.PresenceAsk, 0, body.WrittenSpan);
    }

    /// <summary>Writes the answer to one node: channels behind each other, and one with many users in several parts.</summary>
    private sealed class StateWriter : IDisposable
    {
        private const int UsersPerPart = 400;

        private readonly Distributor _distributor;
        private readonly Guid _to;
        private readonly FrameBuffer _body = new();

        public StateWriter(Distributor distributor, Guid to)
        {
            (_distributor, _to) = (distributor, to);
            NodeNotices.Write(_body, to);
        }

        public void Add(string channel, IReadOnlyList<PresenceOf> present)
        {
            var from = 0;
            do
            {
                var count = Math.Min(UsersPerPart, present.Count - from);
                var flags = (from == 0 ? FirstPart : 0) | (from + count == present.Count ? LastPart : 0);
                NodeNotices.Write(_body, channel);
                NodeNotices.Write(_body, (byte)flags);
                NodeNotices.Write(_body, (ushort)count);
                for (var i = 0; i < count; i++) NodeNotices.Write(_body, present[from + i]);
                from += count;
                if (_body.Length >= NodeNotices.LargestBody / 2) Send();
            }
            while (from < present.Count);
        }

        public void Dispose()
        {
            Send();
            _body.Dispose();
        }

        private void Send()
        {
            if (_body.Length > 16) _distributor.PublishToNodes(BrokerNotice.PresenceState, 0, _body.WrittenSpan);
            _body.Clear();
            NodeNotices.Write(_body, _to);
        }
    }
}
