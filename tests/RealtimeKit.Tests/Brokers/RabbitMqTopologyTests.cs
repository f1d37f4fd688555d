using FluentAssertions;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>What a node has at the broker: as the broker itself counts it.</summary>
[Collection(nameof(BrokerFaultsCollection))]
public sealed class RabbitMqTopologyTests(PrivateRabbitMq rabbit)
{
    private readonly RabbitMqServer _server = rabbit.Server;

    [Fact]
    public async Task Ten_thousand_channels_cost_a_binding_for_each_partition_and_the_last_to_go_takes_it_along()
    {
        var channels = Enumerable.Range(0, 10_000).Select(number => $"channel-{number}").ToList();
        await using var here = await BrokerNode.StartAsync(_server.Uri());
        await here.SubscribeAsync("a");
        await here.SubscribeAsync("a");
        (await BindingsAsync()).Should().HaveCount(1);
        foreach (var channel in channels) await here.SubscribeAsync(channel);
        (await BindingsAsync()).Should().HaveCount(256).And.OnlyHaveUniqueItems();

        foreach (var channel in channels.Skip(1)) await here.UnsubscribeAsync(channel);
        (await BindingsAsync()).Should().HaveCount(2);
        await here.UnsubscribeAsync("a");
        await here.UnsubscribeAsync(channels[0]);
        await here.UnsubscribeAsync(channels[0]);
        (await BindingsAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Partitions_that_are_bound_come_back_with_the_connection_and_no_others()
    {
        await using var here = await BrokerNode.StartAsync(_server.Uri());
        foreach (var number in Enumerable.Range(0, 20)) await here.SubscribeAsync($"channel-{number}");
        foreach (var number in Enumerable.Range(5, 15)) await here.UnsubscribeAsync($"channel-{number}");
        var before = await BindingsAsync();
        await _server.ControlAsync(0, "close_all_connections", "test");
        await here.Witness.WaitUntilWholeAsync();
        (await BindingsAsync()).Should().BeEquivalentTo(before).And.HaveCountLessThanOrEqualTo(5);
    }

    [Fact]
    public async Task A_queue_is_bounded_and_gone_with_its_node()
    {
        var here = await BrokerNode.StartAsync(_server.Uri(), options => (options.QueueLength, options.QueueBytes) = (1_234, 5_678_901));
        await here.SubscribeAsync("lobby");
        var queue = (await rabbit.ListAsync("list_queues", "name", "durable", "auto_delete", "exclusive", "arguments")).Should().ContainSingle().Subject;
        queue.Should().StartWith("realtimekit.").And.MatchRegex("false\\ttrue\\ttrue").And.Contain("1234").And.Contain("5678901").And.Contain("drop-head");

        await here.DisposeAsync();
        (await rabbit.ListAsync("list_queues", "name")).Should().BeEmpty();
        (await rabbit.ListAsync("list_connections", "pid")).Should().BeEmpty();
        here.Witness.Lost.Should().Be(0, "leaving is no loss");
        here.Log.Entries.Should().BeEmpty();
    }

    [Fact]
    public async Task What_was_published_before_the_end_of_a_node_arrives_in_order()
    {
        await using var there = await BrokerNode.StartAsync(_server.Uri());
        await there.SubscribeAsync("lobby");
        await using (var here = await BrokerNode.StartAsync(_server.Uri()))
        {
            for (var number = 0; number < 5_000; number++) here.Publish("lobby", $"{number}");
        }

        await there.Witness.WaitForTextAsync("lobby", "4999");
        there.Witness.Texts("lobby").Should().Equal(Enumerable.Range(0, 5_000).Select(number => $"{number}"));
    }

    [Fact]
    public async Task What_a_node_publishes_does_not_come_back_to_it()
    {
        await using var here = await BrokerNode.StartAsync(_server.Uri());
        await using var there = await BrokerNode.StartAsync(_server.Uri());
        foreach (var node in new[] { here, there }) await node.SubscribeAsync("lobby");
        here.Publish("lobby", "own");
        await there.Witness.WaitForTextAsync("lobby", "own");
        there.Publish("lobby", "other");
        await here.Witness.WaitForTextAsync("lobby", "other");
        here.Witness.Texts("lobby").Should().Equal("other");
    }

    [Fact]
    public async Task A_full_queue_loses_and_tells()
    {
        await using var here = await BrokerNode.StartAsync(_server.Uri(), options => (options.PublishQueueLength, options.MaxUnconfirmed) = (10, 1));
        for (var number = 0; number < 20_000; number++) here.Publish($"channel-{number % 5}", "much");
        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Count >= 5, "lost publishes to be told");
        here.Witness.Lost.Should().Be(0);
    }

    private async Task<IReadOnlyList<string>> BindingsAsync() =>
        [.. (await rabbit.ListAsync("list_bindings", "source_name", "routing_key")).Where(row => row.StartsWith("realtimekit\t", StringComparison.Ordinal))];
}
