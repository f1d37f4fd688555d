using System.Globalization;
using System.Transactions;
using Npgsql;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>Opens sessions at the primary, each in the same state, and turns their failures into the store's.</summary>
internal sealed class PostgreSqlDatabase : IAsyncDisposable
{
    // Once for a session. What the server or the role has as defaults must not weaken what is promised: a commit waits for the
    // disk (and for more where the server asks for more), no session holds a lock for longer than a call may take, and none ends while
    // it waits for a call. Every statement goes from index to index: the settings say so, because plans made while the tables were
    // empty would read them whole. Sessions that do not name the schema's version are of earlier nodes: triggers do for these what they do not know.
    private const string Prepare = """
        SELECT pg_is_in_recovery(),
            set_config('search_path', quote_ident($1), false),
            set_config('realtimekit.schema', '2', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
            set_config('default_transaction_isolation', 'read committed', false),
            set_config('statement_timeout', $2, false),
            set_config('lock_timeout', '0', false),
            set_config('client_min_messages', 'warning', false),
            set_config('idle_in_transaction_session_timeout', $2, false),
            set_config('idle_session_timeout', '0', false),
            set_config('plan_cache_mode', 'force_generic_plan', false),
            set_config('jit', 'off', false),
            set_config('enable_seqscan', 'off', false),
            set_config('enable_bitmapscan', 'off', false),
            set_config('enable_hashjoin', 'off', false),
            set_config('enable_mergejoin', 'off', false)
        """;

    private readonly NpgsqlDataSource _source;
    private readonly bool _ownsSource;
    private readonly string _schema;
    private readonly TimeSpan _timeout;
    private readonly SemaphoreSlim _migrating = new(1, 1);
    private volatile bool _migrated;
    private int _generation;

    /// <param name="source">The host's data source, or <see langword="null"/> for one of its own.</param>
    /// <param name="connectionString">Where its own one connects to.</param>
    /// <param name="schema">The schema of the tables.</param>
    /// <param name="timeout">How long the server may take for one statement.</param>
    public PostgreSqlDatabase(NpgsqlDataSource? source, string connectionString, string schema, TimeSpan timeout)
    {
        (_schema, _timeout, _ownsSource) = (schema, timeout, source is null);
        _source = source ?? DataSources.Create(connectionString, timeout);
        Name = DataSources.Describe(source?.ConnectionString ?? connectionString);
    }

    /// <summary>The database and where it is, for messages.</summary>
    public string Name { get; }

    /// <summary>Whether a session may be used again: none that was opened before the server failed.</summary>
    public bool IsCurrent(DatabaseSession session) => session.Generation == Volatile.Read(ref _generation);

    /// <summary>Makes or migrates the schema, once for this object.</summary>
    /// <exception cref="InvalidOperationException">The schema is not one that this version can use.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        if (_migrated) return;
        await _migrating.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_migrated) return;
            var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await RequireEncodingAsync(connection, cancellationToken).ConfigureAwait(false);
                await new Migrator(connection, _schema, Name, cancellationToken).MigrateAsync().ConfigureAwait(false);
            }

            _migrated = true;
        }
        finally
        {
            _migrating.Release();
        }
    }

    /// <summary>Opens a session.</summary>
    /// <exception cref="StoreUnavailableException">The server is a standby.</exception>
    public async Task<DatabaseSession> OpenAsync()
    {
        var generation = Volatile.Read(ref _generation);
        var connection = await ConnectAsync(CancellationToken.None).ConfigureAwait(false);
        var session = new DatabaseSession(connection, DataSources.Seconds(_timeout) + 1, generation);
        try
        {
            var milliseconds = ((long)_timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            var isStandby = await session.RunAsync(
                static async rows => await rows.ReadAsync().ConfigureAwait(false) && rows.GetBoolean(0),
                Sql.Command(Prepare, Sql.Parameter(_schema), Sql.Parameter(milliseconds))).ConfigureAwait(false);
            // A primary becomes a standby only by starting anew, which ends its connections: asking once is enough.
            if (isStandby) throw new StoreUnavailableException($"{Name} is a standby, which may lag behind: only a primary is read and written.");
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The exception for callers after a failure that passes. Whatever the server said, nothing is known to be stored.</summary>
    public StoreUnavailableException Unavailable(Exception error) => new($"{Name} does not answer: {error.Message}", error);

    /// <summary>After a failure of the server, stops the further use of all sessions that are as old as this one.</summary>
    public void NoteFailure(DatabaseSession session, Exception error)
    {
        if (Failures.IsUnavailable(error) && Failures.IsOfTheServer(error))
            Interlocked.CompareExchange(ref _generation, session.Generation + 1, session.Generation);
    }

    public ValueTask DisposeAsync()
    {
        _migrating.Dispose();
        return _ownsSource ? _source.DisposeAsync() : ValueTask.CompletedTask;
    }

    // Any other encoding lacks characters: a message with one of them would fail together with its whole batch.
    private async Task RequireEncodingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("SELECT current_setting('server_encoding')", connection);
        await using (command.ConfigureAwait(false))
        {
            var encoding = (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            if (encoding is "UTF8" or "SQL_ASCII") return;
            throw new InvalidOperationException(
                $"{Name} has the encoding {encoding}, which cannot hold every text. Use a database made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.");
        }
    }

    /// <summary>Opens a connection, in the state that the server gives it.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        // Sessions outlive any transaction that the calling code may be in.
        using var none = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        return _source is NpgsqlMultiHostDataSource hosts
            ? await hosts.OpenConnectionAsync(TargetSessionAttributes.Primary, cancellationToken).ConfigureAwait(false)
            : await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
    }
}
