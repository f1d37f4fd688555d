using RabbitMQ.Client;
using RealtimeKit.Servers;
using RealtimeKit.Tests.Brokers;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedRabbitMq))]

namespace RealtimeKit.Tests.Brokers;

/// <summary>
/// The RabbitMQ of tests that need not stop it: the one that an environment variable names, or else a private one, started for the first test
/// that asks. Each test has an exchange of its own on it.
/// </summary>
public sealed class SharedRabbitMq : IAsyncDisposable
{
    private readonly Lazy<Task<RabbitMqServer>> _server = new(() => RabbitMqServer.CreateAsync());

    public async Task<Uri> UriAsync() => Environment.GetEnvironmentVariable(RabbitMqServer.Variable) is { Length: > 0 } given
        ? new Uri(given)
        : (await _server.Value).Uri();

    /// <summary>Takes a test's exchange off the server.</summary>
    public async Task DeleteExchangeAsync(string exchange)
    {
        await using var connection = await new ConnectionFactory { Uri = await UriAsync() }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeleteAsync(exchange);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}
