using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>
/// A channel as a bare client reads it, frame by frame: the cursor of the protocol, and every rule of it that a client library
/// would make good and so hide. Not safe for concurrent use.
/// </summary>
/// <param name="view">What the client shows.</param>
/// <param name="findings">Where violations are noted.</param>
/// <param name="takesLateForOld">A planted fault: the client compares each message of a page with the highest sequence that it has by then.</param>
internal sealed class CursorView(ReaderView view, Findings findings, bool takesLateForOld = false)
{
    private bool _level;

    // The protocol's "known sequence": what is above it and not held is new.
    private long _known;

    public ReaderView View => view;

    /// <summary>The highest version that was applied.</summary>
    public long Version { get; private set; }

    /// <summary>The channel's life that the cursor belongs to.</summary>
    public string? Epoch { get; private set; }

    /// <summary>Whether the last catch-up came to its end.</summary>
    public bool IsLevel => _level;

    /// <summary>The subscription was confirmed: a catch-up follows.</summary>
    public void Begin(string epoch, long version)
    {
        _level = false;
        findings.Require(Check.Agreement, Epoch is null || Epoch == epoch, () => $"{Name} is in epoch {epoch}, and was in {Epoch}");
        findings.Require(Check.Complete, version >= Version, () => $"{Name} is at version {version}, and was at {Version}");
        Epoch = epoch;
    }

    /// <summary>A live event: exactly one after the cursor.</summary>
    public void Event(long version, Entry? message, (long Sequence, IReadOnlyList<Reaction> Reactions)? reacted, bool isNew)
    {
        findings.Require(Check.Order, version == Version + 1, () => $"{Name}: event {version} came after version {Version}");
        findings.Require(Check.Order, _level, () => $"{Name}: event {version} came inside a catch-up");
        if (version > Version) Version = version;
        if (reacted is { } change) view.React(change.Sequence, version, change.Reactions);
        if (message is null) return;
        findings.Require(Check.Agreement, message.Version == version, () => $"{Name}: event {version} has a message of version {message.Version}");
        if (isNew)
            findings.Require(Check.Duplicate, message.Sequence == view.Highest + 1, () => $"{Name}: new message {message.Sequence} came after {view.Highest}");
        view.Put(message);
        if (isNew) _known = Math.Max(_known, message.Sequence);
    }

    /// <summary>A page: versions ascend after the cursor, each message once; the last page leaves no hole.</summary>
    public void Changes(IReadOnlyList<Entry> messages, long version, bool more)
    {
        var last = Version;
        foreach (var message in messages)
        {
            findings.Require(Check.Order, message.Version > last, () => $"{Name}: a page has version {message.Version} after {last}");
            last = Math.Max(last, message.Version);
            // By the words of the protocol's page and no better.
            if (view.Holds(message.Sequence) || message.Sequence > (takesLateForOld ? view.Highest : _known)) view.Put(message);
        }

        findings.Require(Check.Order, version >= last, () => $"{Name}: a page ends at {version} and has {last}");
        Version = Math.Max(Version, version);
        _level = !more;
        if (more) return;
        _known = view.Highest;
        findings.Require(
            Check.Complete, view.Count == view.Highest, () => $"{Name}: after the catch-up to {version} it has {view.Count} of {view.Highest} messages");
    }

    private string Name => $"{view.Channel} as {view.Reader} reads it";
}
