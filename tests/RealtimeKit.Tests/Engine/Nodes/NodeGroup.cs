using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Brokers;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Nodes on one store and, where they have one, one broker network, each with its own clock, all in the test's hand.</summary>
internal sealed class NodeGroup(Action<RealtimeOptions>? configure = null, bool hasBroker = true, bool prefersHeads = false) : IAsyncDisposable
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private volatile IReadOnlyList<GroupNode> _nodes = [];
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Small enough that no timer of the engine is due twice within one.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    public InMemoryStore Store => _store;

    public IReadOnlyList<GroupNode> Nodes => _nodes;

    public DateTimeOffset Now => _now;

    public async Task<GroupNode> StartAsync()
    {
        var broker = new FaultyBroker(_network, () => _nodes) { PrefersHeads = prefersHeads };
        var store = new FaultyStore(_store);
        var time = new FakeTimeProvider(_now);
        var clock = new SetClock(SetClock.Of(time));
        var node = await TestNode.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<IMessageStore>(store);
                builder.Services.AddSingleton<IChannelStore>(_store);
                if (hasBroker) builder.Services.AddSingleton<IMessageBroker>(broker);
            },
            configure, clock);
        var started = new GroupNode(node, broker, store, time, clock);
        _nodes = [.. _nodes, started];
        return started;
    }

    public Task EnsureChannelAsync(string channel) =>
        _nodes[0].Messaging.Channels.EnsureAsync(channel, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Lets time pass at once, for all nodes that do not stand still.</summary>
    public void Advance(TimeSpan duration)
    {
        _now += duration;
        foreach (var node in _nodes.Where(node => !node.IsFrozen)) node.Time.SetUtcNow(_now);
    }

    /// <summary>Lets time pass in small steps, each seen by the nodes before the next.</summary>
    public async Task PassAsync(TimeSpan duration)
    {
        for (var passed = TimeSpan.Zero; passed < duration; passed += Step)
        {
            Advance(Step);
            await SettleAsync();
        }
    }

    /// <summary>Lets time pass in small steps until something has come.</summary>
    public async Task<T> PassUntilAsync<T>(Task<T> coming)
    {
        for (; !coming.IsCompleted; await Task.Delay(1)) Advance(Step);
        return await coming;
    }

    /// <summary>Waits until the nodes have nothing more to say to each other at this moment.</summary>
    public async Task SettleAsync()
    {
        // What is under way is only about right, where a channel is let go in between: it is not waited for without end.
        for (var (idle, round) = (0, 0); idle < 3 && round < 100; round++, await Task.Delay(1))
            idle = _nodes.All(node => node.Engine.IsIdle && node.Broker.UnderWay <= 0) ? idle + 1 : 0;
    }

    /// <summary>A node that stood still goes on.</summary>
    public void Thaw(GroupNode node)
    {
        node.IsFrozen = false;
        node.Time.SetUtcNow(_now);
        node.Broker.Thaw();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.Node.DisposeAsync();
    }
}

/// <summary>One node of a group, with what a test may do to it.</summary>
internal sealed record GroupNode(TestNode Node, FaultyBroker Broker, FaultyStore Store, FakeTimeProvider Time, SetClock Clock)
{
    public bool IsFrozen { get; set; }

    public bool IsDead { get; private set; }


    public IRealtimeMessaging Messaging => Node.Messaging;

    public RealtimeNode Engine => Node.Services.GetRequiredService<RealtimeNode>();

    public void Freeze()
    {
        IsFrozen = true;
        Broker.Freeze();
    }

    public void Kill()
    {
        IsDead = true;
        Broker.Kill();
    }

    public async Task<TestClient> SubscribeAsync(string user, string channel)
    {
        var client = await Node.ConnectAsync(user);
        await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2);
        return client;
    }

    public Task SendAsync(string channel, string text) =>
        Messaging.Messages.SendAsync(channel, new Protocol.OutgoingMessage { Text = text }, cancellationToken: TestContext.Current.CancellationToken);
}
