namespace RealtimeKit.Stores;

/// <summary>
/// What a store knows of one uploaded file. Its bytes are elsewhere, in an <see cref="RealtimeKit.Files.IFileStore"/>, and only as long as there is
/// a record of them: the record comes before the first byte and goes after the last.
/// </summary>
/// <param name="Id">Its id, as <see cref="NewId"/> makes it: nobody guesses it.</param>
/// <param name="Channel">The channel that it is for; empty where that was deleted.</param>
/// <param name="Owner">The user who uploads it.</param>
/// <param name="Name">Its name: at most <see cref="MaxNameLength"/> UTF-16 code units.</param>
/// <param name="Type">Its media type: as declared while it is uploaded, as found out once it is finished.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Created">When the upload began, UTC, in whole milliseconds.</param>
public sealed record StoredFile(string Id, string Channel, string Owner, string Name, string Type, long Size, DateTimeOffset Created)
{
    /// <summary>The length of an id.</summary>
    public const int IdLength = 32;

    /// <summary>The most UTF-16 code units of a name.</summary>
    public const int MaxNameLength = 255;

    /// <summary>How far it is.</summary>
    public FileState State { get; init; }

    /// <summary>The sequence of the message that has taken it; <see langword="null"/> where none has.</summary>
    public long? Message { get; init; }

    /// <summary>From when on it is to be removed, UTC, in whole milliseconds; <see langword="null"/> for never, as of one that a message has taken.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>Makes an id for a new file.</summary>
    public static string NewId() => System.Security.Cryptography.RandomNumberGenerator.GetHexString(IdLength, lowercase: true);

    /// <summary>Whether a text has the form of an id.</summary>
    public static bool IsId(string? text) => text is { Length: IdLength } && text.All(static character => character is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}

/// <summary>How far a file is.</summary>
public enum FileState
{
    /// <summary>Its bytes are on their way.</summary>
    Uploading,

    /// <summary>It has all its bytes, and was found good.</summary>
    Finished,

    /// <summary>Nobody can have it any more; its bytes are to be removed.</summary>
    Discarded,

    /// <summary>Its bytes are removed; it counts for its owner's quota still.</summary>
    Removed,
}

/// <summary>How much a user may upload in a time.</summary>
/// <param name="Files">The most files.</param>
/// <param name="Bytes">The most bytes together.</param>
/// <param name="Since">Files count whose upload began after this.</param>
public readonly record struct FileQuota(int Files, long Bytes, DateTimeOffset Since);

/// <summary>What may become of a new file.</summary>
public enum AddFileOutcome
{
    /// <summary>It is recorded.</summary>
    Added,

    /// <summary>The channel does not exist.</summary>
    NoChannel,

    /// <summary>With it the owner would be over the quota, whether or not there is the channel.</summary>
    OverQuota,
}
