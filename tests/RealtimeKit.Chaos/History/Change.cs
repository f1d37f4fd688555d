namespace RealtimeKit.Chaos.History;

/// <summary>An edit, a deletion or a reaction, as its user knows it.</summary>
internal sealed class Change(ChangeKind kind, string channel, long sequence, string user, string value)
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

    public void Confirm(long version) => (Outcome, Version) = (ChangeOutcome.Confirmed, version);

    public void Refuse() => Outcome = ChangeOutcome.Refused;
}

internal enum ChangeKind
{
    Edit,
    Delete,
    React,
    TakeBack,
}

internal enum ChangeOutcome
{
    Unknown,
    Confirmed,
    Refused,
}
