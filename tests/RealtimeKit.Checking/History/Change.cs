namespace RealtimeKit.Checking.History;

/// <summary>An edit, a deletion, a reaction or a pin, as its user knows it.</summary>
internal sealed class Change(ChangeKind kind, string channel, long sequence, string user, string value, long beganAt)
{
    public ChangeKind Kind => kind;

    public string Channel => channel;

    public long Sequence => sequence;

    public string User => user;

    /// <summary>The new text, or the reaction.</summary>
    public string Value => value;

    /// <summary>What became of it. Unknown while it is under way and where no answer came: then it may still take effect.</summary>
    public ChangeOutcome Outcome { get; private set; }

    /// <summary>The version that a confirmation named.</summary>
    public long Version { get; private set; }

    public long BeganAt => beganAt;

    /// <summary>When an error said that it may or may not have been done; nothing where no answer came.</summary>
    public long? GivenUpAt { get; private set; }

    public void GiveUp(long at) => GivenUpAt = at;

    public void Confirm(long version) => (Outcome, Version) = (ChangeOutcome.Confirmed, version);

    public void Refuse() => Outcome = ChangeOutcome.Refused;
}

internal enum ChangeKind
{
    Edit,
    Delete,
    React,
    TakeBack,
    Pin,
    Unpin,
}

internal enum ChangeOutcome
{
    Unknown,
    Confirmed,
    Refused,
}
