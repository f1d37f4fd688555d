using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>
/// The files of messages, for the application's own code, which is trusted: it bypasses the authorizer and the quotas. Safe for concurrent use.
/// Every call may throw <see cref="StoreUnavailableException"/>, and an <see cref="IOException"/> of the file store; then it may be tried again.
/// </summary>
public interface IRealtimeFiles
{
    /// <summary>
    /// Stores a file. Afterwards a message of the same sender in the channel may take it, by the attachment <c>{"file": "&lt;id&gt;"}</c>, within
    /// the time that the options set; otherwise it is removed.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its bytes, read to their end.</param>
    /// <param name="owner">The user whose it is, or <see langword="null"/> for the application itself.</param>
    /// <param name="type">Its media type, where the content does not tell it.</param>
    /// <param name="cancellationToken">Ends the upload; nothing is kept then.</param>
    /// <returns>The file, finished.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="FileRefusedException">It is larger than the options allow, or an inspector refused it.</exception>
    Task<StoredFile> UploadAsync(
        string channel, string name, Stream content, string? owner = null, string? type = null, CancellationToken cancellationToken = default);

    /// <summary>Finds a finished file, or <see langword="null"/> where there is none.</summary>
    Task<StoredFile?> GetAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Opens a finished file; the caller disposes of the stream, which can seek and is to be read asynchronously.</summary>
    /// <returns>The bytes, or <see langword="null"/> where there is no such file.</returns>
    Task<Stream?> OpenAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Deletes a file, also one that a message has taken: the message keeps the attachment, and whoever asks for the file gets 404.</summary>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string id, CancellationToken cancellationToken = default);
}
