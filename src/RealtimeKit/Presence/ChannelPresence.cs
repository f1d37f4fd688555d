using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Who is subscribed to one channel through this node. Safe for concurrent use.</summary>
internal sealed class ChannelPresence
{
    /// <summary>The status of a user who did something lately.</summary>
    public const string Online = "online";

    /// <summary>The status of a user who did nothing for a while.</summary>
    public const string Away = "away";

    /// <summary>The status of a user who is not subscribed any more.</summary>
    public const string Offline = "offline";

    private readonly Dictionary<string, Entry> _users = new(StringComparer.Ordinal);

    /// <summary>Adds a connection.</summary>
    /// <returns>The status to tell the others, or <see langword="null"/> where nothing changed for them.</returns>
    public string? Arrive(string user, DateTimeOffset now)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(user, out var entry)) _users[user] = entry = new Entry { Since = now };
            entry.Connections++;
            return entry.Turn(entry.Connections == 1 ? null : entry.Status);
        }
    }

    /// <summary>Removes a connection.</summary>
    /// <returns>The status to tell the others, or <see langword="null"/>.</returns>
    public string? Depart(string user, bool wasAway)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(user, out var entry)) return null;
            var before = entry.Status;
            entry.Connections--;
            if (wasAway) entry.AwayConnections--;
            if (entry.Connections > 0) return entry.Turn(before);
            _users.Remove(user);
            return Offline;
        }
    }

    /// <summary>Notes that one of the user's connections fell idle, or woke.</summary>
    /// <returns>The status to tell the others, or <see langword="null"/>.</returns>
    public string? SetAway(string user, bool away)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(user, out var entry)) return null;
            var before = entry.Status;
            entry.AwayConnections += away ? 1 : -1;
            return entry.Turn(before);
        }
    }

    public IReadOnlyList<PresentUser> List()
    {
        lock (_users)
        {
            return
            [
                .. _users.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => new PresentUser(pair.Key, pair.Value.Status, pair.Value.Since, pair.Value.Connections)),
            ];
        }
    }

    private sealed class Entry
    {
        public DateTimeOffset Since { get; init; }

        public int Connections { get; set; }

        public int AwayConnections { get; set; }

        /// <summary>A user is away when every connection is.</summary>
        public string Status => AwayConnections >= Connections ? Away : Online;

        public string? Turn(string? before) => before == Status ? null : Status;
    }
}
