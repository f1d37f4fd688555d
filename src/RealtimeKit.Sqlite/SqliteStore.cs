using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.Sqlite.Channels;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Sqlite.Search;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite;

/// <summary>
/// The store over one SQLite file: one writer, a few readers, and nothing acknowledged before it is committed to disk.
/// </summary>
internal sealed partial class SqliteStore : IMessageStore, IChannelStore, IFileRecords, IMessageSearch, IDisposable
{
    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;
    private readonly Remover _remover;
    private readonly SearchIndexer? _indexer;
    private readonly SearchParts? _index;

    public SqliteStore(IOptions<SqliteStoreOptions> options, IOptions<RealtimeOptions> engine, TimeProvider time, ILogger<SqliteStore> logger)
    {
        var settings = options.Value;
        var database = new SqliteDatabase(settings.ConnectionString, settings.BusyTimeout, settings.CheckpointPages);
        var slots = new ReaderSlots(settings.Readers, settings.CommandTimeout);
        _writer = new SqliteWriter(database, slots);
        _readers = new SqliteReaders(database, _writer, slots);
        _remover = new Remover(_writer, time, logger);
        if (!engine.Value.Search) return;
        _index = new SearchParts();
        _indexer = new SearchIndexer(_writer, _readers, time, logger);
    }

    /// <summary>Opens the database, and makes or migrates it where that is needed. Else the first call does.</summary>
    /// <exception cref="InvalidOperationException">The file is not a database that this version can use.</exception>
    /// <exception cref="StoreUnavailableException">The file cannot be opened or is locked.</exception>
    public async ValueTask InitializeAsync(CancellationToken cancellationToken)
    {
        await _writer.OpenAsync(cancellationToken).ConfigureAwait(false);
        // What an earlier version has made.
        while (await _writer.RunAsync(PublicChannels.AddPiece, cancellationToken).ConfigureAwait(false))
        {
        }

        _remover.Start();
        _indexer?.Start();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        return await _writer.AppendAsync(session => Appender.Append(session, changes, _index), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadChangesAsync(
        string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => MessageReader.ReadChanges(session, channel, afterVersion, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => MessageReader.ReadHistory(session, query), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _readers.RunAsync(session => SearchReader.Search(session, query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(
        IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => MessageReader.ReadHeads(session, channels), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => ChannelReader.Find(session, channel, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => ChannelReader.ListAll(session, prefix, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken) =>
        Write(channels => channels.Create(channel), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken)
    {
        var existed = await Write(channels => channels.Delete(channel), cancellationToken).ConfigureAwait(false);
        if (existed) _remover.Start();
        return existed;
    }

    /// <inheritdoc/>
    public async ValueTask RenewEpochsAsync(CancellationToken cancellationToken) =>
        await Write(directory => directory.RenewEpochs(), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => new MemberWriter(session).Apply(change), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken) =>
        new(_writer.RunAsync(session => new MemberWriter(session).Apply(new MemberPlan(changes)), cancellationToken));

    /// <inheritdoc/>
    public ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => Settings.Update(session, change), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => ChannelReader.CountMembers(session, channel, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MemberPage> ListMembersAsync(
        string channel, string? after, int limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => ChannelReader.ListMembers(session, channel, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => Actions.List(session, channel, before, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => PublicChannels.List(session, query), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => Reports.Report(session, change), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => Reports.Resolve(session, change), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken)
    {
        var position = ReportPosition.Parse(before);
        return _readers.RunAsync(session => Reports.List(session, channel, position, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => Blocks.Apply(session, change), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => Blocks.List(session, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BanPage> ListBansAsync(
        string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => Sanctions.ListBans(session, channel, after, limit, time), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelPage> ListChannelsAsync(
        string user, string? before, int limit, CancellationToken cancellationToken)
    {
        ChannelListPosition? cursor = before is null ? null : ChannelListPosition.Parse(before);
        return _readers.RunAsync(session => ChannelLister.List(session, user, cursor, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReadMark?> MoveReadMarkAsync(
        string channel, string user, long sequence, CancellationToken cancellationToken) =>
        Write(channels => channels.MoveReadMark(channel, user, sequence), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(
        string channel, long sequence, string user, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => ChannelReader.ListOwnReactions(session, channel, sequence, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AddFileOutcome> AddAsync(StoredFile file, FileQuota? quota, CancellationToken cancellationToken) =>
        new(_writer.RunAsync(session => FileRows.Add(session, file, quota), cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => FileRows.Find(session, ids), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken) =>
        new(_writer.RunAsync(session => FileRows.Apply(session, change), cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> ListDueAsync(DateTimeOffset time, string? after, int limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => FileRows.ListDue(session, time, after, limit), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _remover.Dispose();
        _indexer?.Dispose();
        // The writer last, so that the connection that closes the file is the one that may move the log into it.
        _readers.Dispose();
        _writer.Dispose();
    }

    /// <summary>Runs text on the writer's connection, outside any transaction: for tests of what can go wrong.</summary>
    internal Task RunOnWriterAsync(string sql) => _writer.RunBareAsync(session => { session.Run(sql); return true; });

    /// <summary>Reads one value on the writer's connection: for tests of how it is set.</summary>
    internal Task<string> ReadOnWriterAsync(string sql) => _writer.RunBareAsync(session =>
    {
        using var row = session.Use(sql);
        return row.Step() ? row.Text(0) : "";
    });

    private ValueTask<T> Write<T>(Func<ChannelWriter, T> body, CancellationToken cancellationToken) =>
        new(_writer.RunAsync(session => body(new ChannelWriter(session)), cancellationToken));
}
