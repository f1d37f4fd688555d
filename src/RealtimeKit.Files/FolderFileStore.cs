using System.Globalization;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>
/// Files in a folder, which several nodes may share. An upload is a file below <c>uploads</c> that grows; when it is complete, it is renamed
/// into <c>files</c>. What a call has completed is on disk: file and folder are flushed.
/// </summary>
/// <remarks>Only one writer has an upload open, over all nodes, by the lock of the file system: on a network share it must keep locks.</remarks>
public sealed class FolderFileStore : IFileStore
{
    private const int BufferBytes = 1;
    private const int ShardLength = 2;
    private const int OpenRounds = 100;

    private static readonly TimeSpan _openPause = TimeSpan.FromMilliseconds(20);

    private readonly string _root;
    private readonly string _uploads;
    private readonly string _files;

    /// <summary>Opens a folder, and makes it where there is none.</summary>
    /// <param name="folder">Its path. Nothing else may be in it.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public FolderFileStore(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _root = Path.GetFullPath(folder);
        (_uploads, _files) = (Path.Combine(_root, "uploads"), Path.Combine(_root, "files"));
        Directory.CreateDirectory(_uploads);
        Directory.CreateDirectory(_files);
        Disk.FlushFolder(_root);
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindFreeBytesAsync(CancellationToken cancellationToken) => ValueTask.FromResult<long?>(new DriveInfo(_root).AvailableFreeSpace);

    /// <inheritdoc/>
    public ValueTask CreateAsync(string id, CancellationToken cancellationToken)
    {
        var path = UploadOf(id);
        return RunAsync(() =>
        {
            if (File.Exists(FileOf(id))) return;
            // Nobody writes to one that is there already, nor is it cut.
            using (var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, BufferBytes)) file.Flush(flushToDisk: true);
            Disk.FlushFolder(_uploads);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindLengthAsync(string id, CancellationToken cancellationToken)
    {
        var path = UploadOf(id);
        cancellationToken.ThrowIfCancellationRequested();
        // The upload first: it may become the file in between.
        return ValueTask.FromResult(LengthOf(path) is { } length ? Math.Min(length, ReadMark(id) ?? length) : LengthOf(FileOf(id)));
    }

    /// <inheritdoc/>
    public async ValueTask<IFileAppend> AppendAsync(string id, long offset, long limit, bool tentative, CancellationToken cancellationToken)
    {
        var path = UploadOf(id);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return await Task.Run(() => Append(id, path, offset, limit, tentative), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask CompleteAsync(string id, CancellationToken cancellationToken)
    {
        var (upload, file) = (UploadOf(id), FileOf(id));
        return RunAsync(() =>
        {
            var folder = Path.GetDirectoryName(file)!;
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                Disk.FlushFolder(_files);
            }

            try
            {
                File.Move(upload, file, overwrite: true);
            }
            catch (FileNotFoundException) when (File.Exists(file))
            {
                // Another call has done it.
            }

            Disk.FlushFolder(folder);
            Disk.FlushFolder(_uploads);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<Stream?> OpenAsync(string id, CancellationToken cancellationToken)
    {
        _ = Require(id);
        for (var round = 1; ; round++)
        {
            try
            {
                return TryOpen(FileOf(id));
            }
            catch (IOException) when (File.Exists(FileOf(id)))
            {
                // One who came to append to the upload has it locked still, although it is a file now, and will find that it comes too late.
                if (round == OpenRounds) throw new FileBusyException(id);
                await Task.Delay(_openPause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var (upload, file) = (UploadOf(id), FileOf(id));
        return RunAsync(() =>
        {
            // The mark last, or what it takes back would count again; a process may have ended before the new one was in its place.
            File.Delete(upload);
            File.Delete(NewMarkOf(id));
            File.Delete(MarkOf(id));
            Disk.FlushFolder(_uploads);
            if (!File.Exists(file)) return;
            File.Delete(file);
            Disk.FlushFolder(Path.GetDirectoryName(file)!);
        }, cancellationToken);
    }

    private static async ValueTask RunAsync(Action action, CancellationToken cancellationToken) =>
        await Task.Run(action, cancellationToken).ConfigureAwait(false);

    private static long? LengthOf(string path) => new FileInfo(path) is { Exists: true, Length: var length } ? length : null;

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private FolderAppend Append(string id, string path, long offset, long limit, bool tentative)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, BufferBytes);
        }
        catch (FileNotFoundException)
        {
            throw LengthOf(FileOf(id)) is { } complete ? new FileOffsetException(id, complete) : new FileNotFoundException($"There is no upload '{id}'.");
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new FileBusyException(id);
        }
        catch (IOException) when (LengthOf(FileOf(id)) is not null)
        {
            // It was renamed while another had it locked.
            throw new FileOffsetException(id, LengthOf(FileOf(id)) ?? 0);
        }

        try
        {
            // What a process that ended in the middle left of tentative bytes.
            if (ReadMark(id) is { } mark)
            {
                if (mark < file.Length) file.SetLength(mark);
                file.Flush(flushToDisk: true);
                RemoveMark(id);
            }

            if (file.Length != offset) throw new FileOffsetException(id, file.Length);
            if (tentative) WriteMark(id, offset);
            file.Position = offset;
            return new FolderAppend(this, id, file, offset, limit, tentative);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void WriteMark(string id, long offset)
    {
        using (var mark = new FileStream(NewMarkOf(id), FileMode.Create, FileAccess.Write))
        {
            mark.Write(System.Text.Encoding.ASCII.GetBytes(offset.ToString(CultureInfo.InvariantCulture)));
            mark.Flush(flushToDisk: true);
        }

        File.Move(NewMarkOf(id), MarkOf(id), overwrite: true);
        Disk.FlushFolder(_uploads);
    }

    private long? ReadMark(string id)
    {
        try
        {
            return long.Parse(File.ReadAllText(MarkOf(id)), CultureInfo.InvariantCulture);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private void RemoveMark(string id)
    {
        File.Delete(MarkOf(id));
        Disk.FlushFolder(_uploads);
    }

    private string UploadOf(string id) => Path.Combine(_uploads, Require(id));

    private string MarkOf(string id) => Path.Combine(_uploads, id + ".from");

    private string NewMarkOf(string id) => MarkOf(id) + ".new";

    private string FileOf(string id) => Path.Combine(_files, id[..ShardLength], id);

    // Only such a name is ever part of a path.
    private static string Require(string id) => StoredFile.IsId(id) ? id : throw new ArgumentException($"'{id}' is no id of a file.", nameof(id));

    private sealed class FolderAppend(FolderFileStore store, string id, FileStream file, long offset, long limit, bool tentative) : IFileAppend
    {
        private bool _ended;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => file.Position + bytes.Length <= offset + limit
            ? file.WriteAsync(bytes, cancellationToken)
            : throw new ArgumentOutOfRangeException(nameof(bytes), $"At most {limit} bytes were to come.");

        public ValueTask CommitAsync(CancellationToken cancellationToken) => RunAsync(() =>
        {
            file.Flush(flushToDisk: true);
            if (tentative) store.RemoveMark(id);
            _ended = true;
        }, cancellationToken);

        public ValueTask UndoAsync(CancellationToken cancellationToken) =>
            tentative ? RunAsync(Undo, cancellationToken) : throw new InvalidOperationException("Only tentative bytes can be taken back.");

        public async ValueTask DisposeAsync()
        {
            try
            {
                if (tentative && !_ended) await RunAsync(Undo, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                await file.DisposeAsync().ConfigureAwait(false);
            }
        }

        private void Undo()
        {
            file.SetLength(offset);
            file.Flush(flushToDisk: true);
            store.RemoveMark(id);
            _ended = true;
        }
    }
}
