using System.Collections.Concurrent;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Which sessions belong to which user, on this node. Safe for concurrent use.</summary>
internal sealed class UserSessions(RealtimeOptions options)
{
    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.Ordinal);

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

    /// <summary>Whether the user may publish another message now; if not, after how many milliseconds.</summary>
    public bool TryTakeTurn(string user, TimeProvider time, out int retryAfter)
    {
        retryAfter = 0;
        if (options.MessagesPerSecond == 0 || !_users.TryGetValue(user, out var entry)) return true;
        lock (entry) return entry.Pace(options.MessagesPerSecond, time).TryTake(out retryAfter);
    }

    /// <summary>Gives a turn back that stored nothing.</summary>
    public void ReturnTurn(string user, TimeProvider time)
    {
        if (options.MessagesPerSecond == 0 || !_users.TryGetValue(user, out var entry)) return;
        lock (entry) entry.Pace(options.MessagesPerSecond, time).Return();
    }

    private sealed class User
    {
        private TokenBucket? _pace;

        public List<Session> Sessions { get; } = new(1);

        public bool Gone { get; set; }

        public TokenBucket Pace(int perSecond, TimeProvider time) => _pace ??= new TokenBucket(perSecond, 2 * perSecond, time);
    }
}

/// <summary>A rate with a burst: the token bucket of RFC 2697's family, counted in fractions of a token.</summary>
internal sealed class TokenBucket(int perSecond, int burst, TimeProvider time)
{
    private double _tokens = burst;
    private long _filled = time.GetTimestamp();

    public bool TryTake(out int retryAfter)
    {
        var elapsed = time.GetElapsedTime(_filled);
        _filled = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (elapsed.TotalSeconds * perSecond));
        retryAfter = _tokens >= 1 ? 0 : (int)Math.Ceiling((1 - _tokens) * 1_000 / perSecond);
        if (_tokens < 1) return false;
        _tokens--;
        return true;
    }

    public void Return() => _tokens = Math.Min(burst, _tokens + 1);
}
