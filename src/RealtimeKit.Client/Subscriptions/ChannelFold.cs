using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// Makes one ordered stream of a channel's live events and compacted pages: every message once, in ascending sequence, and
/// the changes to those already passed on. Pure: it knows no connection and no clock.
/// </summary>
/// <param name="heldLimit">How many messages may be held back until those before them came.</param>
internal sealed class ChannelFold(int heldLimit)
{
    private readonly SortedDictionary<long, Message> _held = [];
    private SortedDictionary<long, Message>? _recent;
    private long? _recentFrom;
    private string? _epoch;
    private long _version;
    private long _sequence;

    /// <summary>
    /// The cursor to resume from: everything up to it was passed on. Nothing before the first subscription, or while the recent
    /// messages are still coming.
    /// </summary>
    public ChannelCursor? Cursor { get; private set; }

    /// <summary>What a page or event broke of the order that the protocol promises; for the log.</summary>
    public string? Fault { get; private set; }

    /// <summary>Begins at a place: that of the head, or one that the application kept.</summary>
    public void Begin(ChannelCursor cursor)
    {
        Forget();
        (_version, _sequence) = (cursor.Version, cursor.Sequence);
        Cursor = cursor;
    }

    /// <summary>Begins with the recent messages, which the next pages bring.</summary>
    public void BeginRecent(string epoch)
    {
        Forget();
        // All of them are passed on at once: they ascend by sequence, so that no version amid them is a cursor to resume from.
        _recent = [];
        _recentFrom = null;
        _epoch = epoch;
    }

    /// <summary>Goes on at <see cref="Cursor"/> after an interruption.</summary>
    public void Resume()
    {
        Restart();
        if (Cursor is { } cursor) _version = cursor.Version;
    }

    /// <summary>Forgets everything: the channel began anew.</summary>
    public void Forget()
    {
        Cursor = null;
        Restart();
    }

    /// <summary>Applies a live event.</summary>
    public FoldOutcome Apply(EventFrame frame, List<ChannelUpdate> updates)
    {
        Fault = null;
        if (_recent is not null || Cursor is null) return FoldOutcome.Ignored;
        if (frame.Version <= _version) return FoldOutcome.Ignored;
        if (frame.Version > _version + 1) return Hole($"version {frame.Version} came next");
        if (_held.Count > 0) return Hole("an event came inside a catch-up");
        switch (frame.Kind)
        {
            case EventKind.Posted when frame.Message!.Sequence > _sequence + 1:
                return Hole($"message {frame.Message.Sequence} came after {_sequence}");
            case EventKind.Posted when frame.Message!.Sequence == _sequence + 1:
                _sequence++;
                updates.Add(new MessagePosted(frame.Message));
                break;
            case EventKind.Posted or EventKind.Edited or EventKind.Deleted or EventKind.Pinned:
                updates.Add(new MessageUpdated(frame.Message!));
                break;
            case EventKind.Reacted when frame.Reaction is { } change:
                updates.Add(new ReactionsUpdated(
                    change.Sequence, frame.Version, change.Reactions, change.User, change.Reaction, change.Removed));
                break;
        }

        _version = frame.Version;
        Cursor = Cursor with { Version = _version, Sequence = _sequence };
        return FoldOutcome.Applied;
    }

    /// <summary>Applies a page.</summary>
    public FoldOutcome Apply(ChangesFrame page, List<ChannelUpdate> updates)
    {
        Fault = null;
        if (_recent is not null) return ApplyRecent(page, updates);
        if (Cursor is null || page.Version < _version) return FoldOutcome.Ignored;
        foreach (var message in page.Messages)
        {
            if (message.Version <= _version) Fault = $"a page repeats version {message.Version}";
            if (message.Sequence <= _sequence) updates.Add(new MessageUpdated(message));
            else _held[message.Sequence] = message;
        }

        ReleaseHeld(updates);
        _version = page.Version;
        if (_held.Count > heldLimit) return FoldOutcome.OutOfOrder;
        if (!page.More && _held.Count > 0)
        {
            Fault = $"message {_sequence + 1} was left out before {_held.First().Key}";
            return FoldOutcome.OutOfOrder;
        }

        // While messages are held back the place to resume from stays before them.
        Cursor = _held.Count == 0
            ? Cursor with { Version = _version, Sequence = _sequence }
            : Cursor with { Sequence = _sequence };
        return FoldOutcome.Applied;
    }

    /// <summary>The last message that was passed on, where the next page of history must go on.</summary>
    public long Sequence => _sequence;

    /// <summary>Applies a page of history that puts in order what pages of changes could not.</summary>
    public void ApplyHistory(IReadOnlyList<Message> messages, List<ChannelUpdate> updates)
    {
        _held.Clear();
        foreach (var message in messages.Where(message => message.Sequence > _sequence))
        {
            _sequence = message.Sequence;
            updates.Add(new MessagePosted(message));
        }

        if (Cursor is { } cursor) Cursor = cursor with { Sequence = _sequence };
    }

    private FoldOutcome ApplyRecent(ChangesFrame page, List<ChannelUpdate> updates)
    {
        // What changed while the pages were read comes behind them, in pages of changes: the latest of each counts.
        // An older message that changed meanwhile is among those changes, and is none of the recent ones.
        _recentFrom ??= page.Messages.Count > 0 ? page.Messages[0].Sequence : 1;
        foreach (var message in page.Messages.Where(message => message.Sequence >= _recentFrom))
            if (!_recent!.TryGetValue(message.Sequence, out var earlier) || earlier.Version <= message.Version) _recent[message.Sequence] = message;
        if (page.More) return FoldOutcome.Applied;
        foreach (var (sequence, message) in _recent!)
        {
            _sequence = sequence;
            updates.Add(new MessagePosted(message));
        }

        _version = page.Version;
        Cursor = new ChannelCursor(_epoch, _version, _sequence);
        _recent = null;
        return FoldOutcome.Applied;
    }

    private void ReleaseHeld(List<ChannelUpdate> updates)
    {
        while (_held.Remove(_sequence + 1, out var next))
        {
            _sequence++;
            updates.Add(new MessagePosted(next));
        }
    }

    private FoldOutcome Hole(string fault)
    {
        Fault = fault;
        return FoldOutcome.Hole;
    }

    private void Restart()
    {
        _held.Clear();
        _recent = null;
        if (Cursor is null) _sequence = 0;
    }
}

/// <summary>What became of a frame in a fold.</summary>
internal enum FoldOutcome
{
    /// <summary>It was applied.</summary>
    Applied,

    /// <summary>It contains nothing new.</summary>
    Ignored,

    /// <summary>Something before it is missing: subscribe again from the cursor.</summary>
    Hole,

    /// <summary>Messages are missing in between or too many had to be held back: read them from the history.</summary>
    OutOfOrder,
}
