using FluentAssertions;
using RealtimeKit.Brokers;
using RealtimeKit.InMemory;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The in-memory broker where it does what a broker is allowed to do.</summary>
public sealed class InMemoryBrokerTests
{
    private readonly InMemoryBrokerNetwork _network = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Publications_may_be_lost_and_repeated_on_demand()
    {
        var receiver = new Receiver();
        await using var one = await StartAsync(new Receiver());
        var two = await StartAsync(receiver);
        await two.SubscribeAsync("lobby", Cancel);
        foreach (var copies in new[] { 1, 0, 2 })
        {
            _network.Copies = _ => copies;
            one.Publish("lobby", [(byte)copies]);
        }

        await two.DisposeAsync();
        receiver.Told.Should().Equal("1", "2", "2");
    }

    [Fact]
    public async Task Nothing_is_carried_offline_and_the_nodes_are_told_afterwards()
    {
        var (sender, receiver) = (new Receiver(), new Receiver());
        await using var one = await StartAsync(sender);
        var two = await StartAsync(receiver);
        await two.SubscribeAsync("lobby", Cancel);
        _network.Online = false;
        one.Publish("lobby", [1]);
        _network.Online = true;
        _network.Online = true;
        one.Publish("lobby", [2]);

        await two.DisposeAsync();
        receiver.Told.Should().Equal("lost", "regained", "2");
        sender.Unsent.Should().Equal("lobby");
    }

    [Fact]
    public async Task Full_queue_loses_and_is_made_good()
    {
        var receiver = new Receiver();
        await using var one = await StartAsync(new Receiver());
        var two = await StartAsync(receiver);
        await two.SubscribeAsync("lobby", Cancel);
        receiver.Gate.Reset();
        for (var number = 0; number < 70_000; number++) one.Publish("lobby", [3]);
        receiver.Gate.Set();

        await two.DisposeAsync();
        receiver.Told[^2..].Should().Equal("lost", "regained");
        receiver.Told.Should().HaveCountLessThan(70_000);
    }

    [Fact]
    public async Task Disposed_node_is_off_the_network_and_starts_only_once()
    {
        var receiver = new Receiver();
        await using var one = await StartAsync(new Receiver());
        var two = await StartAsync(receiver);
        await two.SubscribeAsync("lobby", Cancel);
        await two.Invoking(broker => broker.StartAsync(receiver, Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await two.DisposeAsync();
        one.Publish("lobby", [1]);
        receiver.Told.Should().BeEmpty();
    }

    private async Task<InMemoryBroker> StartAsync(Receiver receiver)
    {
        var broker = new InMemoryBroker(_network);
        await broker.StartAsync(receiver, Cancel);
        return broker;
    }

    private sealed class Receiver : IBrokerReceiver
    {
        public List<string> Told { get; } = [];

        public List<string> Unsent { get; } = [];

        public ManualResetEventSlim Gate { get; } = new(true);

        public void Receive(string channel, ReadOnlySpan<byte> payload)
        {
            Gate.Wait(TestContext.Current.CancellationToken);
            Told.Add($"{payload[0]}");
        }

        public void ConnectionLost() => Told.Add("lost");

        public void ConnectionRegained() => Told.Add("regained");

        public void PublishLost(string channel) => Unsent.Add(channel);
    }
}
