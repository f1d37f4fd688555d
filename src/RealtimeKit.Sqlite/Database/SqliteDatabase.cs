using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>Opens connections to the file, each in the same state, and turns their failures into the store's.</summary>
internal sealed class SqliteDatabase
{
    private const int PageBytes = 4096;

    // Each makes the log this much longer than the checkpoints that SQLite makes by itself would.
    private const int CheckpointsPerLog = 4;
    private const int WriterCacheKibibytes = 32 * 1024;
    private const int ReaderCacheKibibytes = 4 * 1024;

    private readonly string _connectionString;
    private readonly int _checkpointPages;
    private volatile FileInfo? _log;

    public SqliteDatabase(string connectionString, TimeSpan busyTimeout, int checkpointPages)
    {
        BusyTimeout = busyTimeout;
        _checkpointPages = checkpointPages;
        // Not from a pool: a connection that failed must really be closed. Not a shared cache: it locks whole tables.
        var builder = new SqliteConnectionStringBuilder(connectionString) { Pooling = false, Cache = SqliteCacheMode.Private };
        _connectionString = builder.ConnectionString;
        Name = builder.DataSource;
    }

    /// <summary>The file's name as given, for messages.</summary>
    public string Name { get; }

    /// <summary>How long the locks of other connections are waited for.</summary>
    public TimeSpan BusyTimeout { get; }

    /// <summary>How long the log may become before readers are held back to begin it anew.</summary>
    public long LogLimit => (long)_checkpointPages * PageBytes * CheckpointsPerLog;

    /// <summary>How long the log's file is; 0 where there is none.</summary>
    public long LogBytes
    {
        get
        {
            if (_log is not { } log) return 0;
            log.Refresh();
            return log.Exists ? log.Length : 0;
        }
    }

    /// <summary>
    /// Whether an error says that the database is out of reach, full or locked, whatever was asked of it. The others come
    /// from what one call reads or writes, such as a damaged page, and leave other calls alone.
    /// </summary>
    public static bool IsOutage(SqliteException error) => error.SqliteErrorCode
        is not (raw.SQLITE_CORRUPT or raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH or raw.SQLITE_RANGE);

    /// <summary>Opens the connection that writes; makes or migrates the database first.</summary>
    /// <exception cref="InvalidOperationException">The file is not a database that this version can use.</exception>
    public SqliteSession OpenWriter() => Open(session =>
    {
        Migrator.Check(session, Name);
        using (var mode = session.Use("PRAGMA journal_mode = WAL"))
        {
            if (!mode.Step() || !mode.Text(0).Equals("wal", StringComparison.OrdinalIgnoreCase))
                throw new InvalidOperationException($"The database '{Name}' cannot use a write-ahead log, which the store needs: is it on a network drive?");
        }

        session.Run(string.Create(CultureInfo.InvariantCulture, $"""
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -{WriterCacheKibibytes};
            PRAGMA journal_size_limit = {LogLimit};
            PRAGMA wal_autocheckpoint = {_checkpointPages};
            """));
        Migrator.Migrate(session, Name);
        _log ??= new FileInfo(session.FileName + "-wal");
    });

    /// <summary>Opens a connection that only reads.</summary>
    public SqliteSession OpenReader() => Open(session => session.Run(string.Create(CultureInfo.InvariantCulture, $"""
        PRAGMA query_only = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -{ReaderCacheKibibytes};
        """)));

    /// <summary>Whether after an error the transaction cannot go on, not even from a savepoint.</summary>
    public static bool EndsTransaction(SqliteException error) => IsOutage(error) || error.SqliteErrorCode == raw.SQLITE_CORRUPT;

    /// <summary>The exception that callers get for a failure of SQLite. Whatever it was, nothing is known to be stored.</summary>
    public StoreUnavailableException Unavailable(SqliteException error) =>
        new($"The database '{Name}' does not answer: {error.Message}", error);

    /// <summary>What a caller gets for an error of its own call.</summary>
    public Exception Failure(SqliteException error) => IsOutage(error) ? Unavailable(error) : new InvalidOperationException(
        $"The database '{Name}' refused the call: {error.Message} Where it is malformed, PRAGMA integrity_check says what is damaged: restore a backup.", error);

    private SqliteSession Open(Action<SqliteSession> prepare)
    {
        var connection = new SqliteConnection(_connectionString);
        SqliteSession? session = null;
        try
        {
            connection.Open();
            _ = raw.sqlite3_busy_timeout(connection.Handle, (int)BusyTimeout.TotalMilliseconds);
            session = new SqliteSession(connection);
            prepare(session);
            return session;
        }
        catch (Exception error)
        {
            if (session is null) connection.Dispose();
            session?.Dispose();
            if (error is SqliteException { SqliteErrorCode: raw.SQLITE_NOTADB })
                throw new InvalidOperationException($"The file '{Name}' is not an SQLite database.", error);
            throw;
        }
    }
}
