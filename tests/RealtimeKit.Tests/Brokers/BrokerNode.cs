using System.Text;
using Microsoft.Extensions.Logging;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>A node as the broker sees it, without the engine: what it was told, and what was logged.</summary>
internal sealed class BrokerNode : IAsyncDisposable
{
    private readonly LoggerFactory _loggers;

    private BrokerNode(RabbitMqBrokerOptions options)
    {
        _loggers = new LoggerFactory([Log]);
        Broker = new RabbitMqBroker(Microsoft.Extensions.Options.Options.Create(options), SetClock.Of(TimeProvider.System), _loggers.CreateLogger<RabbitMqBroker>());
    }

    public RabbitMqBroker Broker { get; }

    public BrokerWitness Witness { get; } = new();

    public RecordingLogger Log { get; } = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Task<BrokerNode> StartAsync(Uri uri, Action<RabbitMqBrokerOptions>? configure = null) => StartAsync([new RabbitMqEndpoint(uri.ToString())], configure);

    public static async Task<BrokerNode> StartAsync(IEnumerable<RabbitMqEndpoint> endpoints, Action<RabbitMqBrokerOptions>? configure = null)
    {
        var options = new RabbitMqBrokerOptions();
        foreach (var endpoint in endpoints) options.Endpoints.Add(endpoint);
        configure?.Invoke(options);
        if (new RabbitMqBrokerOptionsValidator().Validate(null, options).FailureMessage is { } failure) throw new ArgumentException(failure);
        var node = new BrokerNode(options);
        await node.Broker.StartAsync(node.Witness, Cancel);
        return node;
    }

    public ValueTask SubscribeAsync(string channel) => Broker.SubscribeAsync(channel, Cancel);

    public ValueTask UnsubscribeAsync(string channel) => Broker.UnsubscribeAsync(channel, Cancel);

    public void Publish(string channel, string text) => Broker.Publish(channel, Encoding.UTF8.GetBytes(text));

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        _loggers.Dispose();
    }
}
