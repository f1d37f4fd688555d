namespace RealtimeKit.Stores;

/// <summary>
/// An ability of a store that a host of files needs: the records of uploads and files, bound to the messages that take them in the transaction of
/// the append. A store implements it beside <see cref="IMessageStore"/> and <see cref="IChannelStore"/>, over the same channels. Safe for
/// concurrent use.
/// </summary>
/// <remarks>
/// <see cref="AppendPlan"/> says which records an append loads and writes. When a channel is deleted, the records of its files become due, and their
/// <see cref="StoredFile.Channel"/> empty. What is said of failures at <see cref="IChannelStore"/> holds here as well.
/// </remarks>
public interface IFileRecords
{
    /// <summary>Records a new file, unless its owner would be over the quota by it: of several at once no more are recorded than the quota allows.</summary>
    /// <param name="file">The file, in the state <see cref="FileState.Uploading"/>.</param>
    /// <param name="quota">The quota, where one holds: the owner's records count, also those of removed files.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<AddFileOutcome> AddAsync(StoredFile file, FileQuota? quota, CancellationToken cancellationToken);

    /// <summary>Finds records, in any order; files that are not recorded are left out.</summary>
    ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a change in one transaction: finds the record, lets <see cref="FileRules.Decide"/> decide, and writes what it returns. Changes of
    /// one file are applied one after another, those that messages make among them.
    /// </summary>
    ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken);

    /// <summary>Lists records whose <see cref="StoredFile.Due"/> is not after a time, in ordinal order of their ids, those after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<StoredFile>> ListDueAsync(DateTimeOffset time, string? after, int limit, CancellationToken cancellationToken);
}
