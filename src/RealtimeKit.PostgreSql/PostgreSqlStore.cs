using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RealtimeKit.PostgreSql.Channels;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.PostgreSql.Search;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql;

/// <summary>
/// The store over a PostgreSQL database that many nodes share. One connection only appends, so that nothing else delays an
/// acknowledgement; the others serve all other calls.
/// </summary>
internal sealed partial class PostgreSqlStore : IMessageStore, IChannelStore, IFileRecords, IMessageSearch, IAsyncDisposable
{
    private const string Durability = "SELECT current_setting('fsync'), current_setting('full_page_writes')";

    private readonly ILogger<PostgreSqlStore> _logger;
    private readonly PostgreSqlDatabase _database;
    private readonly SessionPool _appends;
    private readonly SessionPool _calls;
    private readonly ReadMarks _marks;
    private readonly Removal _removal;
    private readonly SearchIndexer? _indexer;

    public PostgreSqlStore(IOptions<PostgreSqlStoreOptions> options, IOptions<RealtimeOptions> engine, TimeProvider time, ILogger<PostgreSqlStore> logger)
    {
        _logger = logger;
        var value = options.Value;
        _database = new PostgreSqlDatabase(value.DataSource, value.ConnectionString, value.Schema, value.CommandTimeout);
        _appends = new SessionPool(_database, 1, value.CommandTimeout);
        _calls = new SessionPool(_database, value.MaxConnections - 1, value.CommandTimeout);
        _marks = new ReadMarks(_calls);
        _removal = new Removal(_calls, _database.Name, time, logger);
        if (engine.Value.Search) _indexer = new SearchIndexer(_calls, _database.Name, time, logger);
    }

    private bool IsIndexed => _indexer is not null;

    /// <summary>Makes or migrates the schema and looks whether the database can be used. Else the first call does.</summary>
    /// <exception cref="InvalidOperationException">The schema is not one that this version can use, or the server refuses.</exception>
    /// <exception cref="StoreUnavailableException">The server does not answer, or is a standby.</exception>
    public async ValueTask InitializeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _database.MigrateAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (Failures.IsUnavailable(error))
        {
            throw _database.Unavailable(error);
        }
        catch (Npgsql.PostgresException error)
        {
            throw new InvalidOperationException($"{_database.Name} cannot be used: {error.MessageText}", error);
        }

        var isDurable = await _calls.RunAsync(
            static session => session.RunAsync(
                static async rows => await rows.ReadAsync().ConfigureAwait(false) && rows.GetString(0) == "on" && rows.GetString(1) == "on",
                Sql.Command(Durability)),
            cancellationToken).ConfigureAwait(false);
        if (!isDurable) ServerNotDurable(_database.Name);
        // What an earlier version has made.
        while (await _calls.RunAsync(PublicChannels.AddPieceAsync, cancellationToken).ConfigureAwait(false))
        {
        }

        _removal.Start();
        _indexer?.Start();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        return await _appends.RunAsync(
            async session => await PostAppender.TryAppendAsync(session, changes, IsIndexed).ConfigureAwait(false)
                ?? await ChangeAppender.AppendAsync(session, changes, IsIndexed).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadChangesAsync(
        string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => MessageReader.ReadChangesAsync(session, channel, afterVersion, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => MessageReader.ReadHistoryAsync(session, query), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _calls.RunAsync(session => SearchReader.SearchAsync(session, query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(
        IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => MessageReader.ReadHeadsAsync(session, channels), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelReader.FindAsync(session, channel, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelReader.ListAllAsync(session, prefix, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelWriter.CreateAsync(session, channel), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken)
    {
        // Nobody finds the channel from here on. Its rows go afterwards, for which nobody waits.
        var deleted = await _calls.RunAsync(session => ChannelWriter.DeleteAsync(session, channel), cancellationToken).ConfigureAwait(false);
        if (deleted) _removal.Start();
        return deleted;
    }

    /// <inheritdoc/>
    public async ValueTask RenewEpochsAsync(CancellationToken cancellationToken)
    {
        await _calls.RunAsync(
            static async session =>
            {
                await session.RunAsync(Sql.Command(ChannelWriter.RenewInboxEpoch)).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        foreach (var sql in ChannelWriter.Rewind)
        {
            while (await _calls.RunAsync(session => ChannelWriter.RewindAsync(session, sql), cancellationToken).ConfigureAwait(false))
            {
            }
        }

        for (var last = ""; last is not null;)
        {
            var after = last;
            last = await _calls.RunAsync(session => ChannelWriter.RenewEpochsAsync(session, after), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => MemberWriter.ApplyAsync(session, change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => MemberBatchWriter.ApplyAsync(session, new MemberPlan(changes)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => Settings.UpdateAsync(session, change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelReader.CountMembersAsync(session, channel, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MemberPage> ListMembersAsync(
        string channel, string? after, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelReader.ListMembersAsync(session, channel, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => Actions.ListAsync(session, channel, before, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => PublicChannels.ListAsync(session, query), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => Reports.ReportAsync(session, change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => Reports.ResolveAsync(session, change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken)
    {
        var position = ReportPosition.Parse(before);
        return _calls.RunAsync(session => Reports.ListAsync(session, channel, position, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => Blocks.ApplyAsync(session, change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => Blocks.ListAsync(session, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BanPage> ListBansAsync(
        string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => Sanctions.ListBansAsync(session, channel, after, limit, time), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelPage> ListChannelsAsync(
        string user, string? before, int limit, CancellationToken cancellationToken)
    {
        ChannelListPosition? cursor = before is null ? null : ChannelListPosition.Parse(before);
        return _calls.RunAsync(session => ChannelLister.ListAsync(session, user, cursor, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReadMark?> MoveReadMarkAsync(
        string channel, string user, long sequence, CancellationToken cancellationToken) =>
        _marks.MoveAsync(channel, user, sequence, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(
        string channel, long sequence, string user, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => ChannelReader.ListOwnReactionsAsync(session, channel, sequence, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AddFileOutcome> AddAsync(StoredFile file, FileQuota? quota, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => FileRows.AddAsync(session, file, quota), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> FindFilesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => FileRows.FindAsync(session, ids), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FileResult> ApplyAsync(FileChange change, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => FileRows.ApplyAsync(session, change), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredFile>> ListDueAsync(DateTimeOffset time, string? after, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => FileRows.ListDueAsync(session, time, after, limit), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _removal.DisposeAsync().ConfigureAwait(false);
        if (_indexer is not null) await _indexer.DisposeAsync().ConfigureAwait(false);
        await _marks.DisposeAsync().ConfigureAwait(false);
        await _appends.DisposeAsync().ConfigureAwait(false);
        await _calls.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(1, LogLevel.Warning, "{Database}: fsync or full_page_writes is off, so that a crash of the server may lose what was acknowledged.")]
    private partial void ServerNotDurable(string database);
}
