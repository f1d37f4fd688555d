using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RealtimeKit.Sqlite;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

/// <summary>A folder of its own for one database; it goes with the test.</summary>
internal sealed class TemporaryDatabase : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realtimekit-");

    public string Path => System.IO.Path.Combine(_folder.FullName, "chat.db");

    public string ConnectionString => $"Data Source={Path}";

    public SqliteStore Open(Action<SqliteStoreOptions>? configure = null) => Open(configure, TimeProvider.System, NullLogger<SqliteStore>.Instance);

    public SqliteStore Open(
        Action<SqliteStoreOptions>? configure, TimeProvider time, ILogger<SqliteStore> logger, RealtimeOptions? engine = null)
    {
        var options = new SqliteStoreOptions { ConnectionString = ConnectionString };
        configure?.Invoke(options);
        return new SqliteStore(Options.Create(options), Options.Create(engine ?? new RealtimeOptions()), time, logger);
    }

    /// <summary>The write-ahead log.</summary>
    public FileInfo Log => new(Path + "-wal");

    /// <summary>Another connection, as another process would have.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(ConnectionString + ";Pooling=False");
        connection.Open();
        return connection;
    }

    public void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public long Count(string table)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>How often was committed since the log began: each commit marks its last page.</summary>
    public int CountCommits()
    {
        const int header = 32, frameHeader = 24;
        var bytes = new byte[Log.Length];
        using (var file = new FileStream(Log.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) file.ReadExactly(bytes);
        var page = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(8));
        var commits = 0;
        for (var at = header; at + frameHeader <= bytes.Length; at += frameHeader + page)
            if (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4)) != 0) commits++;
        return commits;
    }

    public static ValueTask<StoreUnderTest> CreateStoreAsync()
    {
        var database = new TemporaryDatabase();
        var store = database.Open();
        return ValueTask.FromResult(new StoreUnderTest(store, store, () =>
        {
            store.Dispose();
            database.Dispose();
            return ValueTask.CompletedTask;
        })
        {
            Another = () =>
            {
                var other = database.Open();
                return ValueTask.FromResult(new StoreUnderTest(other, other, () =>
                {
                    other.Dispose();
                    return ValueTask.CompletedTask;
                }));
            },
        });
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
