using System.Collections.Concurrent;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>Which sessions belong to which user, on this node. Safe for concurrent use.</summary>
internal sealed class UserSessions(RealtimeOptions options)
{
    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.Ordinal);

    /// <summary>How many users it keeps something of.</summary>
    public int Count => _users.Count;

    /// <summary>Counts a session in.</summary>
    /// <returns>False where the user has as many as are allowed.</returns>
    public bool TryAdd(string user, Session session)
    {
        while (true)
        {
            var entry = _users.GetOrAdd(user, static _ => new User());
            lock (entry)
            {
                if (entry.Gone) continue;
                if (entry.Sessions.Count >= options.ConnectionsPerUser) return false;
                entry.Sessions.Add(session);
                return true;
            }
        }
    }

    public void Remove(Session session)
    {
        if (!_users.TryGetValue(session.User, out var entry)) return;
        lock (entry)
        {
            if (!entry.Sessions.Remove(session) || entry.Sessions.Count > 0) return;
            entry.Gone = true;
            _users.TryRemove(new(session.User, entry));
        }
    }

    /// <summary>Closes the user's connections for good.</summary>
    /// <returns>How many there were.</returns>
    public int Disconnect(string user, string reason)
    {
        var sessions = Of(user);
        foreach (var session in sessions) session.Close(CloseCode.Disconnected, ErrorCodes.Forbidden, reason);
        return sessions.Count;
    }

    public IReadOnlyList<Session> Of(string user)
    {
        if (!_users.TryGetValue(user, out var entry)) return [];
        lock (entry) return [.. entry.Sessions];
    }

    private sealed class User
    {
        public List<Session> Sessions { get; } = new(1);

        public bool Gone { get; set; }
    }
}
