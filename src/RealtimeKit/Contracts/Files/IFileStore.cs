namespace RealtimeKit.Files;

/// <summary>
/// Where the bytes of uploaded files are. Several nodes may share one. It knows nothing of channels and users: which files there are, whose they are
/// and how long they stay, the records say (<see cref="RealtimeKit.Stores.IFileRecords"/>). Safe for concurrent use.
/// </summary>
/// <remarks>
/// An id is one of <see cref="RealtimeKit.Stores.StoredFile.NewId"/>; another is an <see cref="ArgumentException"/>. What a call has completed
/// is durable, and whatever the process's end leaves of one that has not completed, the calls named below find again. A storage that
/// cannot be reached or is full throws an <see cref="IOException"/>.
/// </remarks>
public interface IFileStore
{
    /// <summary>How many bytes can be stored still; <see langword="null"/> where that is not known.</summary>
    ValueTask<long?> FindFreeBytesAsync(CancellationToken cancellationToken);

    /// <summary>Begins an upload without bytes. Again: changes nothing.</summary>
    ValueTask CreateAsync(string id, CancellationToken cancellationToken);

    /// <summary>How many bytes of an upload, or of a completed file, are stored; <see langword="null"/> where there is neither.</summary>
    ValueTask<long?> FindLengthAsync(string id, CancellationToken cancellationToken);

    /// <summary>Begins to append to an upload. Only one appends at a time, over all nodes.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="offset">The place of the first byte.</param>
    /// <param name="tentative">Whether the bytes count only once they are committed: what the process's end leaves of them does not.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What takes the bytes.</returns>
    /// <exception cref="FileBusyException">Another call, on any node, is appending.</exception>
    /// <exception cref="FileOffsetException">The upload has another length, or is completed.</exception>
    /// <exception cref="FileNotFoundException">There is no such upload.</exception>
    ValueTask<IFileAppend> AppendAsync(string id, long offset, bool tentative, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an upload a file, which never changes again. After a process ended within this call, the file is there or the upload is: this may be
    /// called again. Again on a file: changes nothing.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is neither.</exception>
    ValueTask CompleteAsync(string id, CancellationToken cancellationToken);

    /// <summary>Opens an upload or a file for reading; the stream can seek. Removal does not end what was opened.</summary>
    /// <returns><see langword="null"/> where there is neither.</returns>
    ValueTask<Stream?> OpenAsync(string id, CancellationToken cancellationToken);

    /// <summary>Removes whatever there is of an upload or a file. Where there is nothing: changes nothing.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellationToken);
}

/// <summary>
/// Appends bytes to an upload. Disposing it without <see cref="CommitAsync"/> or <see cref="UndoAsync"/> keeps any part of the bytes, and
/// none of tentative ones.
/// </summary>
public interface IFileAppend : IAsyncDisposable
{
    /// <summary>Appends bytes.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Makes durable what was appended.</summary>
    ValueTask CommitAsync(CancellationToken cancellationToken);

    /// <summary>Takes back what was appended.</summary>
    ValueTask UndoAsync(CancellationToken cancellationToken);
}
