using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>
/// Which connections of this node asked for which users, and of which of these they are to be sent what changed. Safe for concurrent use.
/// </summary>
/// <remarks>
/// What changed while a connection is being asked about, by a request of its own or for a change before, is asked about after that. So what it
/// is sent last was read after the last change.
/// </remarks>
internal sealed class UserWatchers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Session, Watcher> _watchers = [];
    private readonly Dictionary<string, HashSet<Watcher>> _byUser = new(StringComparer.Ordinal);
    private readonly Queue<Watcher> _due = [];

    /// <summary>Notes that a connection asks for users. Until <see cref="End"/> it is not due.</summary>
    public Watcher Begin(Session session, IReadOnlyList<string> users)
    {
        lock (_gate)
        {
            if (!_watchers.TryGetValue(session, out var watcher)) _watchers.Add(session, watcher = new Watcher(session));
            watcher.Asking++;
            foreach (var user in users) WatchLocked(watcher, user);
            return watcher;
        }
    }

    /// <summary>Ends what <see cref="Begin"/> or <see cref="TryTakeDue"/> began.</summary>
    /// <param name="watcher">The connection.</param>
    /// <returns>Whether something changed meanwhile, so that it is due now.</returns>
    public bool End(Watcher watcher)
    {
        lock (_gate) return --watcher.Asking == 0 && EnqueueLocked(watcher);
    }

    /// <summary>Forgets a connection that has ended.</summary>
    public void Remove(Session session)
    {
        lock (_gate)
        {
            if (!_watchers.Remove(session, out var watcher)) return;
            watcher.Changed.Clear();
            foreach (var user in watcher.Users) UnwatchLocked(watcher, user);
        }
    }

    /// <summary>A user changed.</summary>
    /// <returns>Whether a connection is due by it.</returns>
    public bool Note(string user)
    {
        lock (_gate)
        {
            if (!_byUser.TryGetValue(user, out var watchers)) return false;
            var due = false;
            foreach (var watcher in watchers)
            {
                watcher.Changed.Add(user);
                due |= EnqueueLocked(watcher);
            }

            return due;
        }
    }

    /// <summary>Takes the next connection that is due, with the users that changed. <see cref="End"/> must follow.</summary>
    public bool TryTakeDue(out Watcher watcher, out IReadOnlyList<string> changed)
    {
        lock (_gate)
        {
            while (_due.TryDequeue(out watcher!))
            {
                watcher.IsDue = false;
                if (watcher.Asking > 0 || watcher.Changed.Count == 0) continue;
                watcher.Asking++;
                changed = [.. watcher.Changed];
                watcher.Changed.Clear();
                return true;
            }

            changed = [];
            return false;
        }
    }

    /// <summary>Notes users as changed once more, because they could not be asked about.</summary>
    /// <returns>False where the connection has ended meanwhile.</returns>
    public bool Restore(Watcher watcher, IReadOnlyList<string> changed)
    {
        lock (_gate)
        {
            if (!_watchers.ContainsKey(watcher.Session)) return false;
            foreach (var user in changed.Where(watcher.IsWatching)) watcher.Changed.Add(user);
            return true;
        }
    }

    private bool EnqueueLocked(Watcher watcher)
    {
        if (watcher.Asking > 0 || watcher.IsDue || watcher.Changed.Count == 0) return false;
        watcher.IsDue = true;
        _due.Enqueue(watcher);
        return true;
    }

    private void WatchLocked(Watcher watcher, string user)
    {
        if (!_byUser.TryGetValue(user, out var watchers)) _byUser.Add(user, watchers = []);
        watchers.Add(watcher);
        if (watcher.Watch(user) is not { } forgotten) return;
        watcher.Changed.Remove(forgotten);
        UnwatchLocked(watcher, forgotten);
    }

    private void UnwatchLocked(Watcher watcher, string user)
    {
        if (!_byUser.TryGetValue(user, out var watchers)) return;
        watchers.Remove(watcher);
        if (watchers.Count == 0) _byUser.Remove(user);
    }
}

/// <summary>The users that one connection asked for last. Guarded by the <see cref="UserWatchers"/>.</summary>
internal sealed class Watcher(Session session)
{
    private readonly LinkedList<string> _order = [];
    private readonly Dictionary<string, LinkedListNode<string>> _users = new(StringComparer.Ordinal);

    public Session Session { get; } = session;

    /// <summary>How many ask about it now.</summary>
    public int Asking { get; set; }

    /// <summary>Whether it is in the queue of those that are due.</summary>
    public bool IsDue { get; set; }

    /// <summary>The watched users that changed and were not asked about since.</summary>
    public HashSet<string> Changed { get; } = new(StringComparer.Ordinal);

    public IEnumerable<string> Users => _order;

    public bool IsWatching(string user) => _users.ContainsKey(user);

    /// <summary>Watches a user, and returns whom it forgets for that, if anybody.</summary>
    public string? Watch(string user)
    {
        if (_users.TryGetValue(user, out var known)) _order.Remove(known);
        _users[user] = _order.AddLast(user);
        if (_order.Count <= ProtocolConstants.MaxWatchedUsers) return null;
        var first = _order.First!.Value;
        _order.RemoveFirst();
        _users.Remove(first);
        return first;
    }
}
