using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Checks;

/// <summary>What is stored against what was asked and promised: lost, phantom, duplicate. Linear in what there is.</summary>
/// <param name="ledger">What was asked.</param>
/// <param name="agreement">What anybody was told.</param>
/// <param name="findings">Where violations are noted.</param>
/// <param name="givenUpIsOver">Whether a change that was answered as unavailable is decided by then, one way or the other.</param>
internal sealed class LogChecks(Ledger ledger, Agreement agreement, Findings findings, bool givenUpIsOver = false)
{
    /// <summary>Checks every channel; <paramref name="log"/> has the whole history of each, as it is read.</summary>
    public void Run(IReadOnlyDictionary<string, IReadOnlyList<Entry>> log)
    {
        var stored = new Dictionary<(string, Guid), Entry>();
        foreach (var (channel, entries) in log)
        {
            CheckNumbers(channel, entries);
            foreach (var entry in entries)
            {
                findings.Require(
                    Check.Duplicate, stored.TryAdd((channel, entry.Id), entry),
                    () => $"{channel}: {entry.Id} is stored as {stored[(channel, entry.Id)].Sequence} and as {entry.Sequence}");
                agreement.Note(channel, entry.Stamp(), "the log");
                CheckOrigin(entry);
            }

            CheckPlaces(channel, entries);
        }

        foreach (var send in ledger.Sends) CheckPromise(send, stored.GetValueOrDefault((send.Channel, send.Id)));
    }

    private void CheckNumbers(string channel, IReadOnlyList<Entry> entries)
    {
        var versions = new HashSet<long>();
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            findings.Require(Check.Lost, entry.Sequence == i + 1, () => $"{channel}: the log has {entry.Sequence} where {i + 1} must be");
            findings.Require(Check.Agreement, versions.Add(entry.Version), () => $"{channel}: version {entry.Version} is in the log twice");
        }
    }

    // What anybody was shown or told stands in the log at that very place.
    private void CheckPlaces(string channel, IReadOnlyList<Entry> entries)
    {
        foreach (var (sequence, id, who) in agreement.Places(channel))
        {
            findings.Require(
                Check.Phantom, sequence >= 1 && sequence <= entries.Count && entries[(int)sequence - 1].Id == id,
                () => $"{channel} {sequence}: {who} was told {id}, and the log has {(sequence >= 1 && sequence <= entries.Count ? entries[(int)sequence - 1].Id : "nothing")}");
        }
    }

    private void CheckOrigin(Entry entry)
    {
        findings.Count(Check.Phantom);
        if (ledger.Find(entry.Id) is not { } send || send.Channel != entry.Channel || send.Sender != entry.Sender)
        {
            findings.Violate(Check.Phantom, $"nobody sent {entry.Describe()}");
            return;
        }

        if (send.Refused is { } code && send.Acknowledgements.Count == 0) findings.Violate(Check.Phantom, $"refused with {code}, and in the log: {entry.Describe()}");
        var changes = ledger.ChangesOf(entry.Channel, entry.Sequence).ToList();
        if (entry.DeletedAt is not null)
        {
            if (!changes.Exists(change => change is { Kind: ChangeKind.Delete, Outcome: not ChangeOutcome.Refused }))
                findings.Violate(Check.Phantom, $"nobody deleted {entry.Describe()}");
            return;
        }

        if (changes.Exists(change => change is { Kind: ChangeKind.Delete, Outcome: ChangeOutcome.Confirmed }))
            findings.Violate(Check.Lost, $"the deletion was confirmed, and is not in the log: {entry.Describe()}");
        CheckText(send, entry, changes);
        CheckPin(entry, changes);
        CheckReactions(entry, changes);
    }

    // The last confirmed edit, or one without an answer: such a one may take effect late.
    private void CheckText(Send send, Entry entry, List<Change> changes)
    {
        var edits = changes.Where(change => change.Kind == ChangeKind.Edit).ToList();
        var confirmed = edits.Where(edit => edit.Outcome == ChangeOutcome.Confirmed).MaxBy(edit => edit.Version);
        if (entry.Text == (confirmed is null ? send.Text : confirmed.Value)) return;
        var written = edits.Find(edit => edit.Value == entry.Text);
        if (written is null && entry.Text != send.Text) findings.Violate(Check.Phantom, $"nobody wrote this: {entry.Describe()}");
        else if (written?.Outcome == ChangeOutcome.Refused) findings.Violate(Check.Phantom, $"this edit was refused: {entry.Describe()}");
        else if (written?.Outcome != ChangeOutcome.Unknown)
            findings.Violate(Check.Lost, $"the edit to '{confirmed?.Value}' was confirmed as version {confirmed?.Version}, and the log has {entry.Describe()}");
        else if (givenUpIsOver && written.GivenUpAt < confirmed?.BeganAt)
            findings.Violate(Check.Lost, $"the edit to '{confirmed.Value}' began after another had been given up, was confirmed, and the other undid it: {entry.Describe()}");
    }

    // One user pins, and asks for each change only when the one before was answered: the last confirmed one counts.
    private void CheckPin(Entry entry, List<Change> changes)
    {
        var pins = changes.FindAll(change => change.Kind is ChangeKind.Pin or ChangeKind.Unpin);
        if (entry.PinnedAt is not null && !pins.Exists(change => change.Kind == ChangeKind.Pin && change.User == entry.PinnedBy))
            findings.Violate(Check.Phantom, $"nobody pinned {entry.Describe()}");
        if (pins.Count > 0 && pins[^1] is { Outcome: ChangeOutcome.Confirmed, Kind: var kind } && kind == ChangeKind.Pin != entry.PinnedAt is not null)
            findings.Violate(Check.Lost, $"the {kind} was confirmed as version {pins[^1].Version}, and the log has {entry.Describe()}");
    }

    private void CheckReactions(Entry entry, List<Change> changes)
    {
        var given = entry.Reactions.SelectMany(reaction => reaction.Users.Select(user => (user, reaction.Name))).ToHashSet();
        foreach (var (user, name) in given)
        {
            if (!changes.Exists(change => change.Kind == ChangeKind.React && change.User == user && change.Value == name && change.Outcome != ChangeOutcome.Refused))
                findings.Violate(Check.Phantom, $"{user} never gave {name}: {entry.Describe()}");
        }

        // A summary names the first users only; and who took something back may have done it before or after.
        var whole = entry.Reactions.Where(reaction => reaction.Count == reaction.Users.Count).Select(reaction => reaction.Name).ToHashSet();
        foreach (var change in changes)
        {
            if (change is not { Kind: ChangeKind.React, Outcome: ChangeOutcome.Confirmed } || given.Contains((change.User, change.Value))) continue;
            var mayBeGone = changes.Exists(other => other.Kind == ChangeKind.TakeBack && other.User == change.User && other.Value == change.Value);
            var mayBeUnnamed = !whole.Contains(change.Value) && entry.Reactions.Any(reaction => reaction.Name == change.Value);
            if (!mayBeGone && !mayBeUnnamed) findings.Violate(Check.Lost, $"{change.Value} of {change.User} was confirmed, and the log has {entry.Describe()}");
        }
    }

    private void CheckPromise(Send send, Entry? stored)
    {
        var acknowledgements = send.Acknowledgements;
        foreach (var acknowledgement in acknowledgements)
        {
            findings.Require(
                Check.Lost, stored is not null && stored.Sequence == acknowledgement.Sequence,
                () => $"{send.Channel}: {send.Id} of {send.Sender} was acknowledged as {acknowledgement.Sequence}, and the log has {(stored is null ? "nothing" : stored.Sequence)}");
            agreement.NotePlace(send.Channel, acknowledgement.Sequence, send.Id, send.Sender);
        }

        findings.Require(
            Check.Duplicate, acknowledgements.Count(acknowledgement => !acknowledgement.Duplicate) <= 1,
            () => $"{send.Channel}: {send.Id} was acknowledged as new {acknowledgements.Count(acknowledgement => !acknowledgement.Duplicate)} times");
        findings.Require(
            Check.Duplicate, send.Attempts != 1 || acknowledgements.Count != 1 || !acknowledgements[0].Duplicate,
            () => $"{send.Channel}: {send.Id} was sent once, and acknowledged as a duplicate");
    }
}
