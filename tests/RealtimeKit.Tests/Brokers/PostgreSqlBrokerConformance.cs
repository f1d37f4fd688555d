using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using RealtimeKit.Brokers;
using RealtimeKit.PostgreSql;
using RealtimeKit.PostgreSql.Broker;
using RealtimeKit.Testing;
using RealtimeKit.Tests.Engine;
using RealtimeKit.Tests.Stores;

namespace RealtimeKit.Tests.Brokers;

[ConformanceOf(typeof(PostgreSqlBroker))]
public sealed class PostgreSqlBrokerConformanceTests : MessageBrokerConformance
{
    private readonly string _name = $"broker_{Guid.NewGuid():N}";

    protected override async ValueTask<IMessageBroker> CreateAsync()
    {
        var server = new NpgsqlConnectionStringBuilder(await PostgreSqlFixture.ConnectionStringAsync()) { ApplicationName = _name };
        var options = new PostgreSqlStoreOptions { ConnectionString = server.ConnectionString, Schema = _name };
        return new PostgreSqlBroker(Options.Create(options), SetClock.Of(TimeProvider.System), NullLogger<PostgreSqlBroker>.Instance);
    }

    protected override async ValueTask InterruptAsync()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await schema.RunAsync($"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{_name}'");
    }
}
