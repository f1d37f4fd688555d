using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>
/// The host's look at a file that has all its bytes, such as a virus scanner's, before a message may take it. The upload is answered when all
/// inspectors have decided, so that a slow one holds up this upload and nothing else.
/// </summary>
public interface IFileInspector
{
    /// <summary>Decides on a file. After a crash it may be asked about the same file again.</summary>
    /// <param name="file">The file, with the type that was found out.</param>
    /// <param name="content">Its bytes: a stream that can seek, at its beginning, to be read asynchronously; the caller disposes of it.</param>
    /// <param name="cancellationToken">The node stops.</param>
    /// <exception cref="FileRefusedException">The file is refused, and is deleted; its uploader gets the reason. After any other exception the upload may be finished again later.</exception>
    ValueTask InspectAsync(StoredFile file, Stream content, CancellationToken cancellationToken);
}
