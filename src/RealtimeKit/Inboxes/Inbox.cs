using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>
/// One connection's inbox: what each of the user's channels adds to the totals, which rows are to be read again, and how far the client
/// is. It holds no row. Safe for concurrent use; <see cref="IsEnded"/> is guarded by the output's lock.
/// </summary>
internal sealed class Inbox(string user, SessionOutput output)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private HashSet<string>? _pending;
    private UnreadTotals _totals;
    private InboxPosition _position;
    private InboxPosition _next;
    private long _notBefore;
    private bool _isQueued;
    private bool _isLive;

    public string User => user;

    /// <summary>What its cursors say whose they are.</summary>
    public string Owner { get; } = InboxCursor.OwnerOf(user);

    public SessionOutput Output => output;

    /// <summary>Whether nothing of it may be written any more. To be changed within <see cref="SessionOutput.Open"/>.</summary>
    public bool IsEnded { get; set; }

    /// <summary>Whether the client is level and gets rows as they change.</summary>
    public bool IsLive
    {
        get
        {
            lock (_gate) return _isLive;
        }
    }

    /// <summary>The cursor that brings back all that the client may not have.</summary>
    public InboxCursor Cursor
    {
        get
        {
            lock (_gate) return new InboxCursor(_position, _totals, Owner);
        }
    }

    /// <summary>How much is unread in all channels.</summary>
    public UnreadTotals Totals
    {
        get
        {
            lock (_gate) return _totals;
        }
    }

    /// <summary>Notes that a row is to be read again.</summary>
    /// <returns>Whether the inbox is to be put into the queue of those that have something to read.</returns>
    public bool Mark(string channel)
    {
        lock (_gate)
        {
            (_pending ??= new HashSet<string>(StringComparer.Ordinal)).Add(channel);
            return TryQueueLocked();
        }
    }

    /// <summary>Notes that a row is to be read again, unless it was read at or after a stamp.</summary>
    /// <returns>Whether the inbox is to be put into the queue of those that have something to read.</returns>
    public bool Mark(string channel, long stamp)
    {
        lock (_gate)
        {
            if (_rows.TryGetValue(channel, out var row) && row.Read > stamp) return false;
            (_pending ??= new HashSet<string>(StringComparer.Ordinal)).Add(channel);
            return TryQueueLocked();
        }
    }

    /// <summary>Takes the rows that are to be read now.</summary>
    /// <param name="now">The time, as a timestamp.</param>
    /// <returns>Null where they have to wait for a while: then the inbox is to be put into the queue again.</returns>
    public HashSet<string>? Take(long now)
    {
        lock (_gate)
        {
            if (now < _notBefore) return null;
            var taken = _pending ?? [];
            _pending = null;
            _isQueued = false;
            return taken;
        }
    }

    /// <summary>Notes what a channel adds to the totals.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="counts">What it adds.</param>
    /// <param name="read">All changes of it below this stamp are in its row.</param>
    /// <returns>Whether it is a new one.</returns>
    public bool Set(string channel, UnreadTotals counts, long read)
    {
        lock (_gate)
        {
            var isNew = !_rows.TryGetValue(channel, out var before);
            _totals += counts - before.Counts;
            _rows[channel] = new Row(counts, read);
            return isNew;
        }
    }

    /// <summary>Notes that the user is no longer in a channel.</summary>
    /// <returns>Whether the user was, as far as was known.</returns>
    public bool Unset(string channel)
    {
        lock (_gate)
        {
            if (!_rows.Remove(channel, out var before)) return false;
            _totals -= before.Counts;
            return true;
        }
    }

    /// <summary>The channels that the user is in, as far as is known.</summary>
    public IReadOnlyList<string> Channels
    {
        get
        {
            lock (_gate) return [.. _rows.Keys];
        }
    }

    /// <summary>The client has all up to a position: from here on it gets what changes.</summary>
    /// <returns>Whether the inbox is to be put into the queue of those that have something to read.</returns>
    public bool GoLive(InboxPosition position, long notBefore)
    {
        lock (_gate)
        {
            (_position, _next, _notBefore, _isLive) = (position, position, notBefore, true);
            return TryQueueLocked();
        }
    }

    /// <summary>Whatever changed before a position is marked by now.</summary>
    public void Reach(InboxPosition position)
    {
        lock (_gate)
        {
            if (!_isLive || (position.Epoch == _next.Epoch && position.Stamp <= _next.Stamp)) return;
            _next = position;
            SettleLocked();
        }
    }

    /// <summary>The rows that were taken are written: where none is left, the cursor moves to what was reached.</summary>
    public void Settle()
    {
        lock (_gate) SettleLocked();
    }

    private readonly record struct Row(UnreadTotals Counts, long Read);

    private void SettleLocked()
    {
        if (_pending is null && !_isQueued) _position = _next;
    }

    private bool TryQueueLocked()
    {
        if (_isQueued || !_isLive || _pending is null) return false;
        return _isQueued = true;
    }
}
