using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using RealtimeKit.Stores;

namespace RealtimeKit.Files;

/// <summary>
/// The life of a file, whoever uploads it: recorded first, then its bytes, then complete, looked at and finished. A process that ends anywhere
/// leaves a record, by which the rest is done or removed.
/// </summary>
internal sealed class Uploads(
    IFileRecords records, IFileStore store, IEnumerable<IFileInspector> inspectors, IOptions<RealtimeFileOptions> options, TimeProvider time,
    FileLog log) : IDisposable
{
    private readonly RealtimeFileOptions _options = options.Value;
    private readonly IFileInspector[] _inspectors = [.. inspectors];
    private readonly ConcurrentDictionary<string, Lazy<Task<StoredFile?>>> _finishing = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>The time now, in whole milliseconds.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = time.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        }
    }

    /// <summary>Whether the file store has room for a file of a size.</summary>
    public async ValueTask<bool> HasRoomAsync(long size, CancellationToken cancellationToken) =>
        await store.FindFreeBytesAsync(cancellationToken).ConfigureAwait(false) is not { } free || free - size >= _options.MinFreeBytes;

    /// <summary>Records a file and makes room for its bytes.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="owner">The user.</param>
    /// <param name="name">Its name, as given.</param>
    /// <param name="type">Its declared type, if it has one.</param>
    /// <param name="size">Its size.</param>
    /// <param name="quota">The quota that holds for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<(AddFileOutcome Outcome, StoredFile File)> BeginAsync(
        string channel, string owner, string? name, string? type, long size, FileQuota? quota, CancellationToken cancellationToken)
    {
        var now = Now;
        var declared = type is not null && MediaTypes.IsWellFormed(type) ? type : MediaTypes.Unknown;
        var file = new StoredFile(StoredFile.NewId(), channel, owner, FileNames.Clean(name), declared, size, now) { Due = now + _options.KeepUnfinished };
        var outcome = await records.AddAsync(file, quota, cancellationToken).ConfigureAwait(false);
        if (outcome != AddFileOutcome.Added) return (outcome, file);
        await store.CreateAsync(file.Id, cancellationToken).ConfigureAwait(false);
        // Whoever removes it decides so first, and removes the bytes afterwards: bytes that came after that are removed here.
        if (await FindAsync(file.Id, cancellationToken).ConfigureAwait(false) is { State: FileState.Uploading }) return (outcome, file);
        await store.RemoveAsync(file.Id, cancellationToken).ConfigureAwait(false);
        return (AddFileOutcome.NoChannel, file);
    }

    /// <summary>Finds a file that its owner or its readers may know of.</summary>
    public async ValueTask<StoredFile?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (!StoredFile.IsId(id)) return null;
        var found = await records.FindFilesAsync([id], cancellationToken).ConfigureAwait(false);
        return found is [{ State: FileState.Uploading or FileState.Finished, Channel.Length: > 0 } file] && !(file.Due <= Now) ? file : null;
    }

    /// <summary>How many bytes of an upload are there; of a finished file all.</summary>
    public async ValueTask<long> FindLengthAsync(StoredFile file, CancellationToken cancellationToken) =>
        file.State == FileState.Finished ? file.Size : await store.FindLengthAsync(file.Id, cancellationToken).ConfigureAwait(false) ?? 0;

    /// <summary>
    /// Finishes an upload that has all its bytes. Goes on when the caller's wait ends; several callers get the same answer.
    /// </summary>
    /// <returns>The finished file; <see langword="null"/> where it was given up meanwhile.</returns>
    /// <exception cref="FileRefusedException">It was refused, and is deleted.</exception>
    public Task<StoredFile?> FinishAsync(StoredFile file, CancellationToken cancellationToken)
    {
        if (file.State == FileState.Finished) return Task.FromResult<StoredFile?>(file);
        var lazy = _finishing.GetOrAdd(file.Id, _ => new Lazy<Task<StoredFile?>>(() => Task.Run(() => FinishAsync(file), CancellationToken.None)));
        return lazy.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Gives a file up and removes its bytes.</summary>
    public async ValueTask<FileOutcome> DiscardAsync(DiscardFile discard, CancellationToken cancellationToken)
    {
        var result = await records.ApplyAsync(discard, cancellationToken).ConfigureAwait(false);
        if (result.Outcome == FileOutcome.Changed) await RemoveAsync(discard.Id, cancellationToken).ConfigureAwait(false);
        return result.Outcome;
    }

    /// <summary>Removes the bytes of a discarded file, and then its record. What fails is done by the sweep.</summary>
    public async ValueTask RemoveAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await store.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
            await records.ApplyAsync(new ForgetFile(id, Now), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or StoreUnavailableException)
        {
            log.BytesNotRemoved(exception, id);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<StoredFile?> FinishAsync(StoredFile file)
    {
        try
        {
            await store.CompleteAsync(file.Id, _stop.Token).ConfigureAwait(false);
            var type = await LookAsync(file).ConfigureAwait(false);
            var now = Now;
            var size = await store.FindLengthAsync(file.Id, _stop.Token).ConfigureAwait(false);
            var result = await records.ApplyAsync(
                new FinishFile(file.Id, now, type, now + _options.KeepUntaken) { Size = size }, _stop.Token).ConfigureAwait(false);
            if (result.Outcome is FileOutcome.Changed or FileOutcome.Unchanged) return result.File;
            // It was given up while its bytes were renamed, and the removal may not have found them.
            await store.RemoveAsync(file.Id, _stop.Token).ConfigureAwait(false);
            return null;
        }
        catch (FileRefusedException)
        {
            await DiscardAsync(new DiscardFile(file.Id, Now), _stop.Token).ConfigureAwait(false);
            throw;
        }
        finally
        {
            _finishing.TryRemove(file.Id, out _);
        }
    }

    private async Task<string> LookAsync(StoredFile file)
    {
        var content = await store.OpenAsync(file.Id, _stop.Token).ConfigureAwait(false) ?? throw new FileNotFoundException($"The file '{file.Id}' is gone.");
        await using (content.ConfigureAwait(false))
        {
            var head = new byte[MediaTypes.HeadBytes];
            var length = await content.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, _stop.Token).ConfigureAwait(false);
            var type = MediaTypes.Find(head.AsSpan(0, length), file.Type);
            if (!MediaTypes.IsAllowed(_options.AllowedTypes, type)) throw new FileRefusedException($"Files of the type {type} are not allowed.");
            foreach (var inspector in _inspectors)
            {
                content.Position = 0;
                await inspector.InspectAsync(file with { Type = type }, content, _stop.Token).ConfigureAwait(false);
            }

            return type;
        }
    }
}
