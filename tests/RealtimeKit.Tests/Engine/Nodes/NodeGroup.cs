using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.InMemory;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Nodes on one store and one broker network, with the clock in the test's hand.</summary>
internal sealed class NodeGroup(Action<RealtimeOptions>? configure = null) : IAsyncDisposable
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly List<GroupNode> _nodes = [];

    public FakeTimeProvider Time { get; } = new();

    public InMemoryStore Store => _store;

    public IReadOnlyList<GroupNode> Nodes => _nodes;

    public async Task<GroupNode> StartAsync()
    {
        var broker = new FaultyBroker(_network);
        var store = new FaultyStore(_store);
        var node = await TestNode.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<IMessageStore>(store);
                builder.Services.AddSingleton<IChannelStore>(_store);
                builder.Services.AddSingleton<IMessageBroker>(broker);
            },
            configure, Time);
        var started = new GroupNode(node, broker, store);
        _nodes.Add(started);
        return started;
    }

    public Task EnsureChannelAsync(string channel) =>
        _nodes[0].Messaging.EnsureChannelAsync(channel, cancellationToken: TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.Node.DisposeAsync();
    }
}

/// <summary>One node of a group, with what a test may do to it.</summary>
internal sealed record GroupNode(TestNode Node, FaultyBroker Broker, FaultyStore Store)
{
    public IRealtimeMessaging Messaging => Node.Messaging;

    public RealtimeNode Engine => Node.Services.GetRequiredService<RealtimeNode>();

    public async Task<TestClient> SubscribeAsync(string user, string channel)
    {
        var client = await Node.ConnectAsync(user);
        await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2);
        return client;
    }

    public Task SendAsync(string channel, string text) =>
        Messaging.SendAsync(channel, new Protocol.OutgoingMessage { Text = text }, cancellationToken: TestContext.Current.CancellationToken);
}
