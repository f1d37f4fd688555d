using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

public sealed partial class InMemoryStore
{
    private readonly FileShelf _files = new();

    /// <inheritdoc/>
    public ValueTask<AddFileOutcome> AddAsync(StoredFile file, FileQuota? quota, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Locked((file, quota), static (store, add) =>
        {
            var (files, bytes) = add.quota is { } quota ? store._files.CountOf(add.file.Owner, quota.Since) : default;
            if (!FileRules.Fits(add.quota, files, bytes, add.file.Size)) return AddFileOutcome.OverQuota;
            if (store.Find(add.file.Channel) is null) return AddFileOutcome.NoChannel;
            store._files.Add(add.file);
            return AddFileOutcome.Added;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return Locked<IReadOnlyCollection<string>, IReadOnlyList<StoredFile>>(
            ids, static (store, ids) => [.. ids.Distinct().Select(store._files.Find).OfType<StoredFile>()], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) => store._files.Apply(change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> ListDueAsync(DateTimeOffset time, string? after, int limit, CancellationToken cancellationToken) =>
        Locked((time, after, limit), static (store, query) => store._files.ListDue(query.time, query.after, query.limit), cancellationToken);
}
