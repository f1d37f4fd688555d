using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>Opens connections to the file, each in the same state, and turns their failures into the store's.</summary>
internal sealed class SqliteDatabase
{
    private const int WriterCacheKibibytes = 32 * 1024;
    private const int ReaderCacheKibibytes = 4 * 1024;
    private const int KeptLogBytes = 64 * 1024 * 1024;

    private readonly SqliteStoreOptions _options;
    private readonly string _connectionString;

    public SqliteDatabase(SqliteStoreOptions options)
    {
        _options = options;
        // Not from a pool: a connection that failed must really be closed. Not a shared cache: it locks whole tables.
        var builder = new SqliteConnectionStringBuilder(options.ConnectionString) { Pooling = false, Cache = SqliteCacheMode.Private };
        _connectionString = builder.ConnectionString;
        Name = builder.DataSource;
    }

    /// <summary>The file's name as given, for messages.</summary>
    public string Name { get; }

    /// <summary>How long the locks of other connections are waited for.</summary>
    public TimeSpan BusyTimeout => _options.BusyTimeout;

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
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -{WriterCacheKibibytes};
            PRAGMA journal_size_limit = {KeptLogBytes};
            PRAGMA wal_autocheckpoint = {_options.CheckpointPages};
            """));
        Migrator.Migrate(session, Name);
    });

    /// <summary>Opens a connection that only reads.</summary>
    public SqliteSession OpenReader() => Open(session => session.Run(string.Create(CultureInfo.InvariantCulture, $"""
        PRAGMA query_only = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -{ReaderCacheKibibytes};
        """)));

    /// <summary>The exception that callers get for a failure of SQLite. Whatever it was, nothing is known to be stored.</summary>
    public StoreUnavailableException Unavailable(SqliteException error) =>
        new($"The database '{Name}' does not answer: {error.Message}", error);

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
