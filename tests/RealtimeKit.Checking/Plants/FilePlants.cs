using System.Collections.Concurrent;
using RealtimeKit.Files;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Records of files that are the real ones, but for what a plant does otherwise.</summary>
internal abstract class FileRecordsDouble(IFileRecords inner) : IFileRecords
{
    protected IFileRecords Inner => inner;

    public ValueTask<AddFileOutcome> AddAsync(StoredFile file, FileQuota? quota, CancellationToken cancellationToken) =>
        inner.AddAsync(file, quota, cancellationToken);

    public virtual ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        inner.FindFilesAsync(ids, cancellationToken);

    public virtual ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken) => inner.ApplyAsync(change, cancellationToken);

    public ValueTask<IReadOnlyList<StoredFile>> ListDueAsync(DateTimeOffset time, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListDueAsync(time, after, limit, cancellationToken);
}

/// <summary>Takes an upload for finished as soon as its first bytes come.</summary>
internal sealed class FinishesEarly(IFileRecords inner) : FileRecordsDouble(inner)
{
    private readonly ConcurrentDictionary<string, StoredFile> _early = new();
    private readonly ConcurrentDictionary<string, bool> _seen = new();

    public override async ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var found = (await Inner.FindFilesAsync(ids, cancellationToken)).ToList();
        for (var i = 0; i < found.Count; i++)
        {
            var file = found[i];
            // This node goes on to take the bytes, as of an upload.
            if (_early.TryGetValue(file.Id, out var upload)) found[i] = upload;
            else if (file is { State: FileState.Uploading, Due: { } due } && !_seen.TryAdd(file.Id, true) && _early.TryAdd(file.Id, file))
                await Inner.ApplyAsync(new FinishFile(file.Id, file.Created, file.Type, due), cancellationToken);
        }

        return found;
    }

    public override ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken)
    {
        _early.TryRemove(change.Id, out _);
        return Inner.ApplyAsync(change, cancellationToken);
    }
}

/// <summary>Knows a file as it was before its message lost it.</summary>
internal sealed class RemembersDiscarded(IFileRecords inner) : FileRecordsDouble(inner)
{
    private readonly ConcurrentDictionary<string, StoredFile> _taken = new();

    public override async ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        [.. (await Inner.FindFilesAsync(ids, cancellationToken)).Select(Remember)];

    private StoredFile Remember(StoredFile file)
    {
        if (file is { State: FileState.Finished, Message: not null }) _taken[file.Id] = file;
        return _taken.GetValueOrDefault(file.Id, file);
    }
}

/// <summary>Removes no bytes.</summary>
internal sealed class KeepsBytes(IFileStore inner) : IFileStore
{
    public ValueTask RemoveAsync(string id, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<long?> FindFreeBytesAsync(CancellationToken cancellationToken) => inner.FindFreeBytesAsync(cancellationToken);

    public ValueTask CreateAsync(string id, CancellationToken cancellationToken) => inner.CreateAsync(id, cancellationToken);

    public ValueTask<long?> FindLengthAsync(string id, CancellationToken cancellationToken) => inner.FindLengthAsync(id, cancellationToken);

    public ValueTask<IFileAppend> AppendAsync(string id, long offset, long limit, bool tentative, CancellationToken cancellationToken) =>
        inner.AppendAsync(id, offset, limit, tentative, cancellationToken);

    public ValueTask CompleteAsync(string id, CancellationToken cancellationToken) => inner.CompleteAsync(id, cancellationToken);

    public ValueTask<Stream?> OpenAsync(string id, CancellationToken cancellationToken) => inner.OpenAsync(id, cancellationToken);
}
