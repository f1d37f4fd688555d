using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// Makes one ordered story of a channel's live events and compacted pages: every message once, in ascending sequence, and
/// the changes to those already told. Pure: it knows no connection and no clock.
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
    /// The place to resume from: everything up to it was told. Nothing before the first subscription, or while the recent
    /// messages are still coming.
    /// </summary>
    public ChannelPosition? Position { get; private set; }

    /// <summary>What a page or event broke of the order that the protocol promises; for the log.</summary>
    public string? Fault { get; private set; }

    /// <summary>Begins at a place: that of the head, or one that the application kept.</summary>
    public void Begin(ChannelPosition position)
    {
        Forget();
        (_version, _sequence) = (position.Version, position.Sequence);
        Position = position;
    }

    /// <summary>Begins with the recent messages, which the next pages bring.</summary>
    public void BeginRecent(string epoch)
    {
        Forget();
        // All of them are told at once: they ascend by sequence, so that a version amid them would be no place to resume from.
        _recent = [];
        _recentFrom = null;
        _epoch = epoch;
    }

    /// <summary>Goes on at <see cref="Position"/> after an interruption.</summary>
    public void Resume()
    {
        Restart();
        if (Position is { } position) _version = position.Version;
    }

    /// <summary>Forgets everything: the channel began anew.</summary>
    public void Forget()
    {
        Position = null;
        Restart();
    }

    /// <summary>Applies a live event.</summary>
    public FoldOutcome Apply(EventFrame frame, List<ChannelUpdate> told)
    {
        Fault = null;
        if (_recent is not null || Position is null) return FoldOutcome.Ignored;
        if (frame.Version <= _version) return FoldOutcome.Ignored;
        if (frame.Version > _version + 1) return Hole($"version {frame.Version} came next");
        if (_held.Count > 0) return Hole("an event came inside a catch-up");
        switch (frame.Kind)
        {
            case EventKind.Posted when frame.Message!.Sequence > _sequence + 1:
                return Hole($"message {frame.Message.Sequence} came after {_sequence}");
            case EventKind.Posted when frame.Message!.Sequence == _sequence + 1:
                _sequence++;
                told.Add(new MessagePosted(frame.Message));
                break;
            case EventKind.Posted or EventKind.Edited or EventKind.Deleted:
                told.Add(new MessageUpdated(frame.Message!));
                break;
            case EventKind.Reacted when frame.Reaction is { } change:
                told.Add(new ReactionsUpdated(
                    change.Sequence, frame.Version, change.Reactions, change.User, change.Reaction, change.Removed));
                break;
        }

        _version = frame.Version;
        Position = Position with { Version = _version, Sequence = _sequence };
        return FoldOutcome.Applied;
    }

    /// <summary>Applies a page.</summary>
    public FoldOutcome Apply(ChangesFrame page, List<ChannelUpdate> told)
    {
        Fault = null;
        if (_recent is not null) return ApplyRecent(page, told);
        if (Position is null || page.Version < _version) return FoldOutcome.Ignored;
        foreach (var message in page.Messages)
        {
            if (message.Version <= _version) Fault = $"a page repeats version {message.Version}";
            if (message.Sequence <= _sequence) told.Add(new MessageUpdated(message));
            else _held[message.Sequence] = message;
        }

        TellHeld(told);
        _version = page.Version;
        if (_held.Count > heldLimit) return FoldOutcome.OutOfOrder;
        if (!page.More && _held.Count > 0)
        {
            Fault = $"message {_sequence + 1} was left out before {_held.First().Key}";
            return FoldOutcome.OutOfOrder;
        }

        // While messages are held back the place to resume from stays before them.
        Position = _held.Count == 0
            ? Position with { Version = _version, Sequence = _sequence }
            : Position with { Sequence = _sequence };
        return FoldOutcome.Applied;
    }

    /// <summary>The last message that was told, where the next page of history must go on.</summary>
    public long Sequence => _sequence;

    /// <summary>Applies a page of history that puts in order what pages of changes could not.</summary>
    public void ApplyHistory(IReadOnlyList<Message> messages, List<ChannelUpdate> told)
    {
        _held.Clear();
        foreach (var message in messages.Where(message => message.Sequence > _sequence))
        {
            _sequence = message.Sequence;
            told.Add(new MessagePosted(message));
        }

        if (Position is { } position) Position = position with { Sequence = _sequence };
    }

    private FoldOutcome ApplyRecent(ChangesFrame page, List<ChannelUpdate> told)
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
            told.Add(new MessagePosted(message));
        }

        _version = page.Version;
        Position = new ChannelPosition(_epoch, _version, _sequence);
        _recent = null;
        return FoldOutcome.Applied;
    }

    private void TellHeld(List<ChannelUpdate> told)
    {
        while (_held.Remove(_sequence + 1, out var next))
        {
            _sequence++;
            told.Add(new MessagePosted(next));
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
        if (Position is null) _sequence = 0;
    }
}

/// <summary>What became of a frame in a fold.</summary>
internal enum FoldOutcome
{
    /// <summary>It was applied.</summary>
    Applied,

    /// <summary>It tells nothing new.</summary>
    Ignored,

    /// <summary>Something before it is missing: subscribe again from the position.</summary>
    Hole,

    /// <summary>Messages are missing in between or too many had to be held back: read them from the history.</summary>
    OutOfOrder,
}
