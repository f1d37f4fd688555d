using Npgsql;
using RealtimeKit.EndToEnd.Cluster;
using RealtimeKit.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(ClusterServers))]

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>
/// The PostgreSQL, RabbitMQ and S3 that the clusters of these tests share: those that variables name, else private ones, started
/// when the first test asks and stopped with the last. Each cluster has a database and an exchange of its own.
/// </summary>
public sealed class ClusterServers : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private PostgreSqlServer? _database;
    private RabbitMqServer? _broker;
    private S3Server? _files;

    /// <summary>The broker's address.</summary>
    internal async Task<string> BrokerAsync() => Environment.GetEnvironmentVariable(RabbitMqServer.Variable) is { Length: > 0 } given
        ? given : (await OnceAsync(async () => _broker ??= await RabbitMqServer.CreateAsync())).Uri().ToString();

    /// <summary>A fresh database, by its connection string.</summary>
    internal async Task<string> TakeDatabaseAsync()
    {
        var server = Environment.GetEnvironmentVariable(PostgreSqlServer.Variable) is { Length: > 0 } given
            ? given : (await OnceAsync(async () => _database ??= await PostgreSqlServer.CreateAsync())).ConnectionString;
        var name = $"cluster_{Guid.NewGuid():n}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    /// <summary>The address of the server of S3.</summary>
    internal async Task<Uri> FilesAsync() => Environment.GetEnvironmentVariable(S3Server.Variable) is { Length: > 0 } given
        ? new Uri(given) : (await OnceAsync(async () => _files ??= await S3Server.CreateAsync())).Address;

    /// <summary>Removes a database that was taken, whoever still uses it.</summary>
    internal static async Task GiveDatabaseBackAsync(string database)
    {
        var parts = new NpgsqlConnectionStringBuilder(database);
        var name = parts.Database;
        parts.Database = "postgres";
        await ExecuteAsync(parts.ConnectionString, $"DROP DATABASE {name} WITH (FORCE)");
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        if (_files is not null) await _files.DisposeAsync();
        _starting.Dispose();
    }

    private async Task<T> OnceAsync<T>(Func<Task<T>> start)
    {
        await _starting.WaitAsync();
        try
        {
            return await start();
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Runs a command on a connection of its own.</summary>
    internal static async Task ExecuteAsync(string connectionString, string command)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var execute = source.CreateCommand(command);
        await execute.ExecuteNonQueryAsync();
    }
}
