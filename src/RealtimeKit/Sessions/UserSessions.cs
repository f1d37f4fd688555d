using System.Collections.Concurrent;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>Which sessions belong to which user, on this node. Safe for concurrent use.</summary>
internal sealed class UserSessions(RealtimeOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.Ordinal);

    // Users without a session whose rate is kept until it has recovered, so that reconnecting does not reset it.
    private readonly ConcurrentQueue<(string Name, User User)> _resting = new();

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
            if (entry.IsRested) Forget(session.User, entry);
            else Rest(session.User, entry);
        }
    }

    /// <summary>Forgets the users who have left and may publish as fast as anybody again.</summary>
    public void Sweep()
    {
        for (var left = _resting.Count; left > 0 && _resting.TryDequeue(out var resting); left--)
        {
            var (name, user) = resting;
            lock (user)
            {
                user.IsResting = false;
                if (user.Sessions.Count > 0) continue;
                if (user.IsRested) Forget(name, user);
                else Rest(name, user);
            }
        }
    }

    private void Rest(string name, User user)
    {
        if (user.IsResting) return;
        user.IsResting = true;
        _resting.Enqueue((name, user));
    }

    private void Forget(string name, User user)
    {
        user.Gone = true;
        _users.TryRemove(new(name, user));
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
    public bool TryTakeTurn(string user, out int retryAfter)
    {
        retryAfter = 0;
        if (options.MessagesPerSecond == 0 || !_users.TryGetValue(user, out var entry)) return true;
        lock (entry) return entry.Pace(options.MessagesPerSecond, time).TryTake(out retryAfter);
    }

    /// <summary>Gives a turn back that stored nothing.</summary>
    public void ReturnTurn(string user)
    {
        if (options.MessagesPerSecond == 0 || !_users.TryGetValue(user, out var entry)) return;
        lock (entry) entry.Pace(options.MessagesPerSecond, time).Return();
    }

    private sealed class User
    {
        private TokenBucket? _pace;

        public List<Session> Sessions { get; } = new(1);

        public bool Gone { get; set; }

        /// <summary>Whether it is among those who rest.</summary>
        public bool IsResting { get; set; }

        /// <summary>Whether it has all the turns that somebody new would have.</summary>
        public bool IsRested => _pace?.IsFull ?? true;

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

    public bool IsFull => _tokens + (time.GetElapsedTime(_filled).TotalSeconds * perSecond) >= burst;

    public void Return() => _tokens = Math.Min(burst, _tokens + 1);
}
