namespace RealtimeKit.Files;

/// <summary>Another call is appending to the upload: try again when that has ended.</summary>
/// <param name="id">The upload.</param>
public sealed class FileBusyException(string id) : IOException($"Another call is appending to the upload '{id}'.");

/// <summary>The upload has another length than the caller says.</summary>
/// <param name="id">The upload.</param>
/// <param name="length">The length that it has.</param>
public sealed class FileOffsetException(string id, long length) : IOException($"The upload '{id}' has {length} bytes.")
{
    /// <summary>The length that it has.</summary>
    public long Length { get; } = length;
}

/// <summary>A file was refused: by the host's limits or by an inspector.</summary>
/// <param name="reason">Why, for whoever uploads it.</param>
public sealed class FileRefusedException(string reason) : Exception(reason);
