namespace RealtimeKit.Stores;

/// <summary>One change of a file's record that is not made by a message. <see cref="FileRules"/> has what each kind does.</summary>
/// <param name="Id">The file.</param>
/// <param name="Time">When, UTC, in whole milliseconds.</param>
public abstract record FileChange(string Id, DateTimeOffset Time);

/// <summary>A file has all its bytes, durably, and was found good: from now on a message may take it.</summary>
/// <param name="Id">The file.</param>
/// <param name="Time">When.</param>
/// <param name="Type">Its media type.</param>
/// <param name="Due">When it is to be removed unless a message takes it.</param>
public sealed record FinishFile(string Id, DateTimeOffset Time, string Type, DateTimeOffset Due) : FileChange(Id, Time)
{
    /// <summary>Its size in bytes, where that was not known when the upload began.</summary>
    public long? Size { get; init; }
}

/// <summary>A file is given up: nobody can have it any more.</summary>
/// <param name="Id">The file.</param>
/// <param name="Time">When.</param>
public sealed record DiscardFile(string Id, DateTimeOffset Time) : FileChange(Id, Time)
{
    /// <summary>Only where it is due by now.</summary>
    public bool OnlyIfDue { get; init; }

    /// <summary>Also where a message has taken it.</summary>
    public bool EvenIfTaken { get; init; }
}

/// <summary>The bytes of a discarded file are removed, durably.</summary>
/// <param name="Id">The file.</param>
/// <param name="Time">When.</param>
public sealed record ForgetFile(string Id, DateTimeOffset Time) : FileChange(Id, Time);

/// <summary>What became of a change of a file.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="File">
/// The record as it now is. Where the outcome is <see cref="FileOutcome.Changed"/>, the store writes its state, type, size and due time, or deletes it
/// where this is <see langword="null"/>.
/// </param>
public readonly record struct FileResult(FileOutcome Outcome, StoredFile? File = null);

/// <summary>What may become of a change of a file.</summary>
public enum FileOutcome
{
    /// <summary>It changed.</summary>
    Changed,

    /// <summary>It was so already, or is not due.</summary>
    Unchanged,

    /// <summary>There is no such file, or not any more.</summary>
    NoFile,

    /// <summary>A message has taken it.</summary>
    Taken,
}
