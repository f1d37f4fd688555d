using FluentAssertions;
using RabbitMQ.Client;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Two nodes on a broker to which everything happens that can: they come back by themselves and know what they missed.</summary>
[Collection(nameof(BrokerFaultsCollection))]
public sealed class RabbitMqFaultTests(PrivateRabbitMq rabbit)
{
    private readonly RabbitMqServer _server = rabbit.Server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_broker_is_waited_for_and_what_was_lost_is_told()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        await ExchangeAsync(here, there, "before");

        await _server.KillAsync();
        await Task.WhenAll(here.Witness.WaitForLossAsync(), there.Witness.WaitForLossAsync());
        for (var number = 0; number < 300; number++) here.Publish($"away {number % 3}", "nobody hears it");
        await there.SubscribeAsync("subscribed while it was away");
        await _server.StartAsync();
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());

        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Count >= 3, "lost publishes to be told");
        await ExchangeAsync(here, there, "after");
        here.Publish("subscribed while it was away", "hello");
        await there.Witness.WaitForTextAsync("subscribed while it was away", "hello");
        here.Witness.PublishesLost.Order().Should().Equal("away 0", "away 1", "away 2");
        there.Witness.PublishesLost.Should().BeEmpty();
    }

    [Fact]
    public async Task Closed_connections_are_opened_again()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        for (var round = 1; round <= 2; round++)
        {
            await _server.ControlAsync(0, "close_all_connections", "test");
            await Task.WhenAll(here.Witness.WaitUntilWholeAsync(round), there.Witness.WaitUntilWholeAsync(round));
            await ExchangeAsync(here, there, $"round {round}");
        }
    }

    [Fact]
    public async Task A_deleted_queue_is_made_again()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        foreach (var queue in await QueuesAsync()) await _server.ControlAsync(0, "delete_queue", queue);
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());

        await ExchangeAsync(here, there, "again");
        (await QueuesAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_deleted_exchange_is_made_again_and_its_publish_told_as_lost()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        await using (var connection = await new ConnectionFactory { Uri = _server.Uri() }.CreateConnectionAsync(Cancel))
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancel))
            await channel.ExchangeDeleteAsync("realtimekit", cancellationToken: Cancel);

        here.Publish("lobby", "into nothing");
        there.Publish("lobby", "into nothing");
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());
        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Contains("lobby"), "the lost publish to be told");
        await ExchangeAsync(here, there, "again");
    }

    [Fact]
    public async Task A_purged_queue_goes_on()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        foreach (var queue in await QueuesAsync()) await _server.ControlAsync(0, "purge_queue", queue);
        await ExchangeAsync(here, there, "after the purge");
        (here.Witness.Lost + there.Witness.Lost).Should().Be(0);
    }

    [Fact]
    public async Task A_node_starts_while_the_broker_is_away_and_connects_when_it_comes()
    {
        await _server.StopAsync();
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        (here.Witness.Lost, here.Witness.Regained).Should().Be((1, 0), "the engine is told at start");
        await there.SubscribeAsync("lobby");
        here.Publish("lobby", "too early");
        await _server.StartAsync();
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());

        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Contains("lobby"), "the lost publish to be told");
        await ExchangeAsync(here, there, "in time");
    }

    [Fact]
    public async Task A_broker_that_takes_nothing_for_lack_of_memory_blocks_nobody()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await there.SubscribeAsync("lobby");
        await ExchangeAsync(here, there, "before");
        await _server.ControlAsync(0, "set_vm_memory_high_watermark", "absolute", "1MiB");
        try
        {
            // The broker blocks a connection when it publishes.
            await PublishUntilAsync(here, "lobby", () => here.Witness.Lost == 1);
            await PublishUntilAsync(there, "other", () => there.Witness.Lost == 1);
            await there.SubscribeAsync("new channel in a new partition");
            here.Publish("new channel in a new partition", "lost");
        }
        finally
        {
            await _server.ControlAsync(0, "set_vm_memory_high_watermark", "0.6");
        }

        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());
        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Contains("new channel in a new partition"), "the lost publish to be told");
        here.Publish("new channel in a new partition", "arrives");
        await there.Witness.WaitForTextAsync("new channel in a new partition", "arrives");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broker_that_says_nothing_any_more_is_lost(bool publishes)
    {
        // Publishing finds it by the missing confirmation, else the heartbeat does.
        await using var here = await StartAsync(options => (options.Timeout, options.Heartbeat) = publishes
            ? (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10))
            : (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)));
        await here.SubscribeAsync("lobby");
        var process = await _server.ProcessAsync();
        await ServerScript.SignalAsync(process, "STOP");
        try
        {
            if (publishes) here.Publish("lobby", "nobody confirms it");
            await here.Witness.WaitForLossAsync();
            await here.SubscribeAsync("another channel");
        }
        finally
        {
            await ServerScript.SignalAsync(process, "CONT");
        }

        await here.Witness.WaitUntilWholeAsync();
        if (publishes) await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Contains("lobby"), "the lost publish to be told");
        await using var other = await StartAsync();
        other.Publish("another channel", "hello");
        await here.Witness.WaitForTextAsync("another channel", "hello");
    }

    [Fact]
    public async Task A_subscription_waits_no_longer_than_the_timeout_for_a_silent_broker()
    {
        await using var here = await StartAsync(options => (options.Timeout, options.Heartbeat) = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)));
        var process = await _server.ProcessAsync();
        await ServerScript.SignalAsync(process, "STOP");
        try
        {
            await here.SubscribeAsync("lobby").AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            await here.Witness.WaitForLossAsync();
        }
        finally
        {
            await ServerScript.SignalAsync(process, "CONT");
        }

        await here.Witness.WaitUntilWholeAsync();
    }

    [Fact]
    public async Task A_node_that_is_too_slow_loses_the_oldest_and_grows_no_queue()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync(options => (options.QueueLength, options.Prefetch) = (100, 10));
        await there.SubscribeAsync("lobby");
        there.Witness.Gate.Reset();
        for (var number = 0; number < 2_000; number++) here.Publish("lobby", $"{number}");
        await here.Broker.DisposeAsync();
        there.Witness.Gate.Set();

        await there.Witness.WaitForTextAsync("lobby", "1999");
        there.Witness.Texts("lobby").Count.Should().BeInRange(100, 250);
    }

    private Task<BrokerNode> StartAsync(Action<RealtimeKit.RabbitMQ.RabbitMqBrokerOptions>? configure = null) => BrokerNode.StartAsync(_server.Uri(), configure);

    private static async Task ExchangeAsync(BrokerNode here, BrokerNode there, string text)
    {
        here.Publish("lobby", text);
        await there.Witness.WaitForTextAsync("lobby", text);
    }

    // What is asked for shows some time after a publish at the earliest, but it does not show without one.
    private static async Task PublishUntilAsync(BrokerNode node, string channel, Func<bool> isSo)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!isSo())
        {
            node.Publish(channel, "?");
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    private Task<IReadOnlyList<string>> QueuesAsync() => rabbit.ListAsync("list_queues", "name");
}
