namespace RealtimeKit.Stores;

/// <summary>
/// The rules of files that are the same in every store: an adapter only finds records and writes them. Pure functions: a store calls them inside
/// its transaction with what it found.
/// </summary>
public static class FileRules
{
    /// <summary>For how long the record of a removed file stays, from the begin of its upload, because it counts for the quota.</summary>
    public static readonly TimeSpan QuotaPeriod = TimeSpan.FromDays(1);

    /// <summary>Decides on a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="found">The record; <see langword="null"/> where there is none.</param>
    /// <exception cref="ArgumentException">The change is of a kind that this version does not know.</exception>
    public static FileResult Decide(FileChange change, StoredFile? found)
    {
        ArgumentNullException.ThrowIfNull(change);
        return found is null ? new FileResult(FileOutcome.NoFile) : change switch
        {
            FinishFile finish => Finish(finish, found),
            DiscardFile discard => Discard(discard, found),
            ForgetFile => Forget(change, found),
            _ => throw new ArgumentException($"A {change.GetType().Name} is no change of a file that this version knows.", nameof(change)),
        };
    }

    /// <summary>Whether one more file keeps its owner within the quota.</summary>
    /// <param name="quota">The quota; <see langword="null"/> for none.</param>
    /// <param name="files">How many files count already.</param>
    /// <param name="bytes">How many bytes count already.</param>
    /// <param name="size">The size of the new one.</param>
    public static bool Fits(FileQuota? quota, long files, long bytes, long size) =>
        quota is not { } most || (files < most.Files && size <= most.Bytes && bytes <= most.Bytes - size);

    /// <summary>Whether a message that a user sends at a time may take a file: a finished one of that user, in no other message, and not due.</summary>
    internal static bool MayTake(StoredFile? file, string sender, DateTimeOffset time) =>
        file is { State: FileState.Finished, Message: null, Due: { } due } && file.Owner == sender && due > time;

    private static FileResult Finish(FinishFile finish, StoredFile found) => found.State switch
    {
        FileState.Finished => new FileResult(FileOutcome.Unchanged, found),
        FileState.Uploading when found.Channel.Length > 0 && found.Due > finish.Time => new FileResult(
            FileOutcome.Changed, found with { State = FileState.Finished, Type = finish.Type, Size = finish.Size ?? found.Size, Due = finish.Due }),
        _ => new FileResult(FileOutcome.NoFile),
    };

    private static FileResult Discard(DiscardFile discard, StoredFile found)
    {
        if (found.State is FileState.Discarded or FileState.Removed) return new FileResult(FileOutcome.NoFile);
        if (discard.OnlyIfDue && !(found.Due <= discard.Time)) return new FileResult(FileOutcome.Unchanged, found);
        if (found.Message is not null && !discard.EvenIfTaken && !discard.OnlyIfDue) return new FileResult(FileOutcome.Taken, found);
        return new FileResult(FileOutcome.Changed, found with { State = FileState.Discarded, Due = discard.Time });
    }

    private static FileResult Forget(FileChange change, StoredFile found)
    {
        if (found.State is not (FileState.Discarded or FileState.Removed)) return new FileResult(FileOutcome.Unchanged, found);
        var end = found.Created + QuotaPeriod;
        if (end <= change.Time) return new FileResult(FileOutcome.Changed);
        return found.State == FileState.Removed ? new FileResult(FileOutcome.Unchanged, found)
            : new FileResult(FileOutcome.Changed, found with { State = FileState.Removed, Due = end });
    }
}
