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

    public SqliteStore Open(Action<SqliteStoreOptions>? configure = null)
    {
        var options = new SqliteStoreOptions { ConnectionString = ConnectionString };
        configure?.Invoke(options);
        return new SqliteStore(Options.Create(options));
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
