using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>A RabbitMQ that tests may stop, kill and fill; each leaves it running.</summary>
public sealed class PrivateRabbitMq : IAsyncLifetime
{
    private RabbitMqServer? _server;

    public RabbitMqServer Server => _server!;

    /// <summary>Runs a listing of <c>rabbitmqctl</c> and returns its rows, without a heading.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string what, params string[] columns) =>
        (await Server.ControlAsync(0, ["-q", what, .. columns, "--no-table-headers"])).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public async ValueTask InitializeAsync() => _server = await RabbitMqServer.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}

/// <summary>Tests that do to brokers what other tests do not bear: one after another, on one server.</summary>
[CollectionDefinition(nameof(BrokerFaultsCollection))]
public sealed class BrokerFaultsCollection : ICollectionFixture<PrivateRabbitMq>;
