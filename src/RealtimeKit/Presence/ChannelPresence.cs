using RealtimeKit.Protocol;

namespace RealtimeKit.Presence;

/// <summary>
/// Who is subscribed to one channel: through this node, and through the others as far as they have reported it. Every node
/// owns the entries of its own connections. Safe for concurrent use.
/// </summary>
internal sealed class ChannelPresence
{
    /// <summary>The status of a user who did something lately.</summary>
    public const string Online = "online";

    /// <summary>The status of a user who did nothing for a while.</summary>
    public const string Away = "away";

    /// <summary>The status of a user who is not subscribed.</summary>
    public const string Offline = "offline";

    private readonly Dictionary<string, User> _users = new(StringComparer.Ordinal);
    private Dictionary<Guid, Share>? _others;
    private Share _own;
    private int _connections;

    /// <summary>How many connections are subscribed, on all nodes.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Adds a connection of this node.</summary>
    public StatusChange Arrive(Participant participant, DateTimeOffset now)
    {
        lock (_users) return Count(participant, MarkOf(participant), now);
    }

    /// <summary>Removes a connection of this node.</summary>
    public StatusChange Depart(Participant participant)
    {
        lock (_users) return Count(participant, PresenceMark.None, default);
    }

    /// <summary>Counts a connection of this node, if it is here, as it now is: idle or not.</summary>
    public StatusChange Recount(Participant participant)
    {
        lock (_users) return Count(participant, participant.Mark == PresenceMark.None ? PresenceMark.None : MarkOf(participant), default);
    }

    /// <summary>Takes another node's entry for one user.</summary>
    public StatusChange Take(Guid node, in PresenceOf present)
    {
        lock (_users) return Set(node, present.User, present.Entry);
    }

    /// <summary>Takes all that another node has; an empty list forgets it.</summary>
    public IReadOnlyList<StatusChange> Replace(Guid node, IReadOnlyList<PresenceOf> all)
    {
        lock (_users)
        {
            if (all.Count == 0 && _others?.ContainsKey(node) != true) return [];
            var listed = new HashSet<string>(all.Select(one => one.User), StringComparer.Ordinal);
            var gone = _users.Where(user => user.Value.Of(node).Connections > 0 && !listed.Contains(user.Key)).Select(user => user.Key).ToList();
            return [.. gone.Select(user => Set(node, user, default)), .. all.Select(one => Set(node, one.User, one.Entry))];
        }
    }

    public string StatusOf(string user)
    {
        lock (_users) return Status(user);
    }

    /// <summary>How a user is present through this node.</summary>
    public PresenceOf OwnOf(string user)
    {
        lock (_users) return new PresenceOf(user, Own(user));
    }

    /// <summary>All who are present through this node.</summary>
    public IReadOnlyList<PresenceOf> ListOwn()
    {
        lock (_users)
            return [.. _users.Where(user => user.Value.Here.Connections > 0).Select(user => new PresenceOf(user.Key, user.Value.Here))];
    }

    /// <summary>A digest of what this node has, or null where that is nothing.</summary>
    public uint? OwnDigest()
    {
        lock (_users) return _own.Folded;
    }

    /// <summary>The same of what is held of another node.</summary>
    public uint? DigestOf(Guid node)
    {
        lock (_users) return _others?.GetValueOrDefault(node).Folded;
    }

    /// <summary>All who are present on any node, in the order of their names.</summary>
    public IReadOnlyList<PresentUser> List()
    {
        lock (_users)
        {
            return
            [
                .. _users.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair =>
                {
                    var sum = pair.Value.Sum();
                    return new PresentUser(pair.Key, Status(sum), DateTimeOffset.FromUnixTimeMilliseconds(sum.Since), sum.Connections);
                }),
            ];
        }
    }

    private static PresenceMark MarkOf(Participant participant) => participant.User.IsAway ? PresenceMark.Away : PresenceMark.Online;

    // Each participant keeps what it counts for, because a session may fall idle, wake and end at the same time.
    private StatusChange Count(Participant participant, PresenceMark mark, DateTimeOffset since)
    {
        var (user, before) = (participant.User.Name, participant.Mark);
        if (mark == before) return Unchanged(user);
        participant.Mark = mark;
        var entry = Own(user);
        return Set(Guid.Empty, user, new PresenceEntry(
            entry.Connections + Here(mark) - Here(before), entry.Away + Idle(mark) - Idle(before),
            entry.Connections == 0 ? since.ToUnixTimeMilliseconds() : entry.Since));

        static int Here(PresenceMark mark) => mark == PresenceMark.None ? 0 : 1;

        static int Idle(PresenceMark mark) => mark == PresenceMark.Away ? 1 : 0;
    }

    private StatusChange Set(Guid node, string user, PresenceEntry entry)
    {
        var before = Status(user);
        if (!_users.TryGetValue(user, out var present))
        {
            if (entry.Connections == 0) return new StatusChange(user, before, before);
            _users[user] = present = new User();
        }

        var old = present.Of(node);
        present.Set(node, entry);
        _connections += entry.Connections - old.Connections;
        Count(node, entry.Digest(user) - old.Digest(user), Math.Sign(entry.Connections) - Math.Sign(old.Connections));
        if (present.Sum().Connections == 0) _users.Remove(user);
        return new StatusChange(user, before, Status(user));
    }

    private void Count(Guid node, ulong digest, int users)
    {
        if (node == Guid.Empty)
        {
            _own = new Share(_own.Digest + digest, _own.Users + users);
            return;
        }

        _others ??= [];
        var share = _others.GetValueOrDefault(node);
        share = new Share(share.Digest + digest, share.Users + users);
        if (share.Users > 0) _others[node] = share;
        else _others.Remove(node);
    }

    private PresenceEntry Own(string user) => _users.TryGetValue(user, out var present) ? present.Here : default;

    private StatusChange Unchanged(string user)
    {
        var status = Status(user);
        return new StatusChange(user, status, status);
    }

    private string Status(string user) => _users.TryGetValue(user, out var present) ? Status(present.Sum()) : Offline;

    // A user is away when every connection is.
    private static string Status(PresenceEntry sum) => sum.Connections == 0 ? Offline : sum.Away >= sum.Connections ? Away : Online;

    /// <summary>What one node has in the channel: the sum of its entries' digests, and how many there are.</summary>
    private readonly record struct Share(ulong Digest, int Users)
    {
        public uint? Folded => Users == 0 ? null : (uint)(Digest ^ (Digest >> 32));
    }

    private sealed class User
    {
        private List<(Guid Node, PresenceEntry Entry)>? _elsewhere;

        public PresenceEntry Here { get; private set; }

        public PresenceEntry Of(Guid node) => node == Guid.Empty ? Here : _elsewhere?.Find(one => one.Node == node).Entry ?? default;

        public void Set(Guid node, PresenceEntry entry)
        {
            if (node == Guid.Empty)
            {
                Here = entry;
                return;
            }

            _elsewhere?.RemoveAll(one => one.Node == node);
            if (entry.Connections > 0) (_elsewhere ??= []).Add((node, entry));
        }

        public PresenceEntry Sum()
        {
            var sum = Here;
            if (_elsewhere is null) return sum;
            foreach (var (_, entry) in _elsewhere)
            {
                sum = new PresenceEntry(
                    sum.Connections + entry.Connections, sum.Away + entry.Away,
                    sum.Connections == 0 ? entry.Since : Math.Min(sum.Since, entry.Since));
            }

            return sum;
        }
    }
}
