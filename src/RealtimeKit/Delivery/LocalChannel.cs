using RealtimeKit.Presence;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>A channel that has readers on this node: its tail, its subscriptions and who is present.</summary>
internal sealed class LocalChannel(string name, TailBudget budget)
{
    private readonly Lock _gate = new();
    private readonly Tail _tail = new(budget);
    private readonly List<Subscription> _subscriptions = [];
    private Subscription[]? _snapshot;
    private long _round;
    private int _level;
    private volatile bool _gone;
    private long _revision;
    private Size? _size;

    // The epoch of events that arrived before the head was read.
    private string? _earlyEpoch;

    public string Name { get; } = name;

    /// <summary>A short form of the name, the same on every node.</summary>
    public ulong Key { get; } = StableHash.Of(name);

    /// <summary>The question to the other nodes who is present; null where there are none.</summary>
    public RollCall? RollCall { get; set; }

    /// <summary>Who is subscribed, by user. Guarded by itself.</summary>
    public ChannelPresence Presence { get; } = new();

    /// <summary>How many acquired this channel and did not release it yet. Guarded by the registry.</summary>
    public int Users { get; set; }

    /// <summary>Whether it is among the broker's subscriptions, from which its last user takes it.</summary>
    public bool IsHeard { get; set; }

    /// <summary>Set once the broker carries the channel to this node and its head has been read.</summary>
    public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The epoch that it is served in; empty before it is known, or where there is no such channel.</summary>
    public string Epoch { get; private set; } = "";

    public int Count
    {
        get
        {
            lock (_gate) return _subscriptions.Count;
        }
    }

    public void Add(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Add(subscription);
            _snapshot = null;
            NoteLevel(subscription);
        }
    }

    public void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            if (!_subscriptions.Remove(subscription)) return;
            _snapshot = null;
            if (subscription.Round == _round) _level--;
            ReleaseIfLevel();
        }
    }

    /// <summary>Takes a committed event and wakes the readers.</summary>
    public void Append(ChannelPosition position, byte[] frame)
    {
        Subscription[] readers;
        lock (_gate)
        {
            if (!IsCurrentEpoch(position.Epoch) || !_tail.Add(position.Version, frame)) return;
            TrimLocked();
            readers = BeginRound();
        }

        Wake(readers);
    }

    /// <summary>Takes a committed event if it is the next one, and wakes the readers.</summary>
    /// <returns>False where events before it are missing here.</returns>
    public bool TryAppendNext(ChannelPosition position, byte[] frame)
    {
        Subscription[] readers;
        lock (_gate)
        {
            if (!IsCurrentEpoch(position.Epoch) || position.Version <= _tail.Head) return true;
            if (position.Version != _tail.Head + 1) return false;
            _tail.Add(position.Version, frame);
            TrimLocked();
            readers = BeginRound();
        }

        Wake(readers);
        return true;
    }

    /// <summary>Takes one frame with all changes after <paramref name="known"/>, which was read from the store, and wakes the readers.</summary>
    /// <returns>False where the channel has moved on from there.</returns>
    public bool TryAppendRange(ChannelPosition position, long known, byte[] frame)
    {
        Subscription[] readers;
        lock (_gate)
        {
            if (position.Epoch != Epoch || _tail.Head != known) return false;
            _tail.AddRange(position.Version, frame);
            TrimLocked();
            readers = BeginRound();
        }

        Wake(readers);
        return true;
    }

    private void TrimLocked()
    {
        if (_tail.IsOver) _tail.Trim(PassedLocked());
    }

    // What every reader has whose socket takes bytes. A cursor that is just being moved is read too low, which keeps an event too many.
    private long PassedLocked()
    {
        var passed = long.MaxValue;
        foreach (var subscription in _subscriptions)
            if (!subscription.Reading && !subscription.Output.IsStuck) passed = Math.Min(passed, Volatile.Read(ref subscription.Cursor));
        return passed;
    }

    /// <summary>Learns where the store is. Readers behind it, and not served by the tail, will read from the store.</summary>
    /// <returns>Whether the store is ahead of what was known.</returns>
    public bool Observe(ChannelPosition head)
    {
        Subscription[] readers;
        lock (_gate)
        {
            if (!IsCurrentEpoch(head.Epoch) || !_tail.Observe(head.Version)) return false;
            readers = BeginRound();
        }

        Wake(readers);
        return true;
    }

    /// <summary>Takes the first head that was read; events that came before it may be ahead of it.</summary>
    public void Begin(ChannelHead head)
    {
        lock (_gate)
        {
            // Earlier events may be of a deleted channel of the same name.
            if (_earlyEpoch is not null && _earlyEpoch != head.Epoch) _tail.Reset();
            Epoch = head.Epoch;
            _revision = head.Revision;
        }

        Observe(head.Position);
    }

    /// <summary>The revision of members' rights that was read last.</summary>
    public long Revision => Interlocked.Read(ref _revision);

    /// <summary>Takes from the store at which revision members' rights are. One caller at a time.</summary>
    /// <returns>Whether rights were changed since it was read last.</returns>
    public bool Revise(long revision)
    {
        if (revision <= Revision) return false;
        Interlocked.Exchange(ref _revision, revision);
        return true;
    }

    /// <summary>The store turned out to be at a version below the one that was known: goes back to it, unless it has moved since.</summary>
    public void GoBack(long known, long version)
    {
        lock (_gate) _tail.GoBack(known, version);
    }

    /// <summary>The highest version that the channel is known to have.</summary>
    public long Head
    {
        get
        {
            lock (_gate) return _tail.Head;
        }
    }

    // A late notice may be about a deleted channel of the same name.
    private bool IsCurrentEpoch(string epoch)
    {
        if (epoch.Length == 0) return true;
        if (Epoch.Length > 0) return epoch == Epoch;
        if (_earlyEpoch is not null && _earlyEpoch != epoch) _tail.Reset();
        _earlyEpoch = epoch;
        return true;
    }

    /// <summary>Whether the channel has few members, as far as that is known at a moment of the coarse clock.</summary>
    public bool? IsSmall(long now) => Volatile.Read(ref _size) is { } size && now < size.Until ? size.IsSmall : null;

    /// <summary>Keeps whether the channel has few members, until a moment of the coarse clock.</summary>
    public void SetSmall(bool isSmall, long until) => Volatile.Write(ref _size, new Size(isSmall, until));

    /// <summary>A member came or went, perhaps.</summary>
    public void ForgetSize() => Volatile.Write(ref _size, null);

    /// <summary>Whether the store has this channel no more: subscriptions to it are to be ended.</summary>
    public bool IsGone => _gone;

    public void SetGone() => _gone = true;

    /// <summary>Copies what a reader may have now.</summary>
    /// <returns>Whether the reader is level, has more here, or has to read from the store.</returns>
    public TakeResult Take(Subscription subscription, FrameBuffer output, int most)
    {
        lock (_gate)
        {
            if (!_tail.CanTake(subscription.Cursor)) return TakeResult.BehindTail;
            _tail.Take(ref subscription.Cursor, output, most);
            if (subscription.Cursor < _tail.Head) return TakeResult.HasMore;
            NoteLevel(subscription);
            return TakeResult.Level;
        }
    }

    /// <summary>Sends a signal to the subscribers, or to those of one user, but not to <paramref name="except"/>.</summary>
    public void Signal(ReadOnlySpan<byte> frame, string? user = null, SessionOutput? except = null)
    {
        foreach (var subscription in Readers())
            if (subscription.Output != except && (user is null || subscription.User.Name == user)) subscription.Output.Signal(frame);
    }

    public Subscription[] Readers()
    {
        lock (_gate) return _snapshot ??= [.. _subscriptions];
    }

    private static void Wake(Subscription[] readers)
    {
        foreach (var reader in readers)
            if (reader.TryMark()) reader.Output.Wake(reader);
    }

    private Subscription[] BeginRound()
    {
        _round++;
        _level = 0;
        ReleaseIfLevel();
        return _snapshot ??= [.. _subscriptions];
    }

    // Level readers are counted, so that releasing the tail needs no search for the slowest one.
    private void NoteLevel(Subscription subscription)
    {
        if (subscription.Cursor < _tail.Head || subscription.Round == _round) return;
        subscription.Round = _round;
        _level++;
        ReleaseIfLevel();
    }

    private void ReleaseIfLevel()
    {
        if (_level == _subscriptions.Count) _tail.Release();
    }

    private sealed record Size(bool IsSmall, long Until);
}

/// <summary>Where a reader stands after taking from a channel.</summary>
internal enum TakeResult
{
    Level,
    HasMore,
    BehindTail,
}
