using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Who is subscribed to one channel through this node. Each method that changes something returns whether that changed the
/// user's status. Safe for concurrent use.
/// </summary>
internal sealed class ChannelPresence
{
    /// <summary>The status of a user who did something lately.</summary>
    public const string Online = "online";

    /// <summary>The status of a user who did nothing for a while.</summary>
    public const string Away = "away";

    /// <summary>The status of a user who is not subscribed.</summary>
    public const string Offline = "offline";

    private readonly Dictionary<string, Entry> _users = new(StringComparer.Ordinal);

    /// <summary>Adds a connection.</summary>
    public bool Arrive(string user, DateTimeOffset now)
    {
        lock (_users)
        {
            var before = Status(user);
            if (!_users.TryGetValue(user, out var entry)) _users[user] = entry = new Entry { Since = now };
            entry.Connections++;
            return Status(user) != before;
        }
    }

    /// <summary>Removes a connection.</summary>
    public bool Depart(string user, bool wasAway)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(user, out var entry)) return false;
            var before = Status(user);
            entry.Connections--;
            if (wasAway) entry.AwayConnections--;
            if (entry.Connections == 0) _users.Remove(user);
            return Status(user) != before;
        }
    }

    /// <summary>Notes that one of the user's connections fell idle, or woke.</summary>
    public bool SetAway(string user, bool away)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(user, out var entry)) return false;
            var before = Status(user);
            entry.AwayConnections += away ? 1 : -1;
            return Status(user) != before;
        }
    }

    public string StatusOf(string user)
    {
        lock (_users) return Status(user);
    }

    public IReadOnlyList<PresentUser> List()
    {
        lock (_users)
        {
            return
            [
                .. _users.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => new PresentUser(pair.Key, Status(pair.Key), pair.Value.Since, pair.Value.Connections)),
            ];
        }
    }

    // A user is away when every connection is.
    private string Status(string user) => !_users.TryGetValue(user, out var entry) ? Offline
        : entry.AwayConnections >= entry.Connections ? Away
        : Online;

    private sealed class Entry
    {
        public DateTimeOffset Since { get; init; }

        public int Connections { get; set; }

        public int AwayConnections { get; set; }
    }
}
