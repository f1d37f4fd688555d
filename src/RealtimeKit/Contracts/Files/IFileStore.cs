namespace RealtimeKit.Files;

/// <summary>
/// Where the bytes of uploaded files are. Several nodes may share one. It knows nothing of channels and users: which files there are, whose they are
/// and how long they stay, the records say (<see cref="RealtimeKit.Stores.IFileRecords"/>). Safe for concurrent use.
/// </summary>
/// <remarks>
/// An id is one of <see cref="RealtimeKit.Stores.StoredFile.NewId"/>; another is an <see cref="ArgumentException"/>. What a call has completed
/// is durable, and whatever the process's end leaves of one that has not completed, the calls named below find again. A storage that
/// cannot be reached, refuses or is full throws an <see cref="IOException"/> that says how to mend it.
/// </remarks>
public interface IFileStore
{
    /// <summary>How many bytes can be stored still; <see langword="null"/> where that is not known.</summary>
    ValueTask<long?> FindFreeBytesAsync(CancellationToken cancellationToken);

    /// <summary>Begins an upload without bytes. Again: changes nothing.</summary>
    ValueTask CreateAsync(string id, CancellationToken cancellationToken);

    /// <summary>How many bytes of an upload, or of a completed file, are stored; <see langword="null"/> where there is neither.</summary>
    ValueTask<long?> FindLengthAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Begins to append to an upload. Of several that append to it at once, over all nodes, one commits; the others get a <see cref="FileBusyException"/>, from here or from any
    /// call of their <see cref="IFileAppend"/>.
    /// </summary>
    /// <param name="id">The upload.</param>
    /// <param name="offset">The place of the first byte.</param>
    /// <param name="limit">The most bytes that will be appended; more throw an <see cref="ArgumentOutOfRangeException"/>.</param>
    /// <param name="tentative">Whether the bytes count only once they are committed, and can be taken back: what the process's end leaves of them does not count.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What takes the bytes.</returns>
    /// <exception cref="FileBusyException">Another call, on any node, is appending.</exception>
    /// <exception cref="FileOffsetException">The upload has another length, or is completed.</exception>
    /// <exception cref="FileNotFoundException">There is no such upload.</exception>
    ValueTask<IFileAppend> AppendAsync(string id, long offset, long limit, bool tentative, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an upload a file, which never changes again. After a process ended within this call, the file is there or the upload is: this may be
    /// called again. Again on a file: changes nothing.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is neither.</exception>
    ValueTask CompleteAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a file for reading; the stream can seek, and may be one for asynchronous reads alone. After removal its reads go on, or throw an
    /// <see cref="IOException"/>.
    /// </summary>
    /// <returns><see langword="null"/> where there is none, or only an upload.</returns>
    ValueTask<Stream?> OpenAsync(string id, CancellationToken cancellationToken);

    /// <summary>Removes whatever there is of an upload or a file. Where there is nothing: changes nothing.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellationToken);
}

/// <summary>
/// Appends bytes to an upload. Disposing it without <see cref="CommitAsync"/> or <see cref="UndoAsync"/> keeps any part of the bytes, and
/// none of tentative ones. Every call may throw a <see cref="FileBusyException"/> where another appends, and a <see cref="FileNotFoundException"/>
/// where the upload was removed; nothing of this append counts then but what was durable before. Not safe for concurrent use.
/// </summary>
public interface IFileAppend : IAsyncDisposable
{
    /// <summary>Appends bytes.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Makes durable what was appended.</summary>
    ValueTask CommitAsync(CancellationToken cancellationToken);

    /// <summary>Takes back what was appended, if it is tentative.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    ValueTask UndoAsync(CancellationToken cancellationToken);
}
