using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using RealtimeKit.PostgreSql;
using RealtimeKit.Testing;

namespace RealtimeKit.Tests.Stores;

/// <summary>A schema of its own for one test, on any server; it goes with the test.</summary>
internal sealed class TemporarySchema(string connectionString) : IAsyncDisposable
{
    public string ConnectionString => connectionString;

    public string Name { get; } = $"test_{Guid.NewGuid():N}";

    public static async Task<TemporarySchema> CreateAsync() => new(await PostgreSqlFixture.ConnectionStringAsync());

    public PostgreSqlStore Open(Action<PostgreSqlStoreOptions>? configure = null, TimeProvider? time = null, RealtimeOptions? engine = null)
    {
        var options = new PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = Name };
        configure?.Invoke(options);
        return new PostgreSqlStore(Options.Create(options), Options.Create(engine ?? new RealtimeOptions()), time ?? TimeProvider.System, NullLogger<PostgreSqlStore>.Instance);
    }

    public static async ValueTask<StoreUnderTest> CreateStoreAsync()
    {
        var schema = await CreateAsync();
        var store = schema.Open();
        return new StoreUnderTest(store, store, async () =>
        {
            await store.DisposeAsync();
            await schema.DisposeAsync();
        })
        {
            Another = () =>
            {
                var other = schema.Open();
                return ValueTask.FromResult(new StoreUnderTest(other, other, other.DisposeAsync));
            },
        };
    }

    /// <summary>Runs text on a connection that is not the store's and returns the first value.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="version">The version of the schema that the connection says it knows; null for one before it said so.</param>
    public async Task<object?> RunAsync(string sql, int? version = 2)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false, SearchPath = Name, CommandTimeout = 300, Options = version is null ? null : $"-c realtimekit.schema={version}",
        }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Waits until a query gives a value, up to a minute.</summary>
    public async Task UntilAsync(string sql, object expected)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await RunAsync(sql) is var value && !expected.Equals(value))
            TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1), "{0} still gives {1}", sql, value);
    }

    public async ValueTask DisposeAsync() => await RunAsync($"DROP SCHEMA IF EXISTS {Name} CASCADE");
}
