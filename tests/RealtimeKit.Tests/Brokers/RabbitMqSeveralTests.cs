using FluentAssertions;
using RealtimeKit.RabbitMQ;
using RealtimeKit.RabbitMQ.Routing;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Several independent brokers, and a cluster of several nodes.</summary>
[Collection(nameof(BrokerFaultsCollection))]
public sealed class RabbitMqSeveralTests(PrivateRabbitMq rabbit)
{
    [Fact]
    public async Task One_of_two_brokers_down_leaves_the_partitions_of_the_other_alone()
    {
        await using var second = await RabbitMqServer.CreateAsync();
        RabbitMqEndpoint[] endpoints = [new(rabbit.Server.Uri().ToString()), new(second.Uri().ToString())];
        await using var here = await BrokerNode.StartAsync(endpoints);
        await using var there = await BrokerNode.StartAsync(endpoints);
        var partitions = new Partitions(256);
        var names = Enumerable.Range(0, 40).Select(number => $"channel-{number}").ToList();
        var (onFirst, onSecond) = (names.Where(name => partitions.Of(name) % 2 == 0).ToList(), names.Where(name => partitions.Of(name) % 2 == 1).ToList());
        foreach (var name in names) await there.SubscribeAsync(name);
        await ExchangeAsync(names, "before");

        await second.KillAsync();
        await Task.WhenAll(here.Witness.WaitForLossAsync(), there.Witness.WaitForLossAsync());
        foreach (var name in onSecond) here.Publish(name, "lost");
        await ExchangeAsync(onFirst, "meanwhile");

        await second.StartAsync();
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());
        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Count >= onSecond.Count, "lost publishes to be told");
        await ExchangeAsync(names, "after");
        here.Witness.PublishesLost.Should().BeEquivalentTo(onSecond);
        (here.Witness.Lost, there.Witness.Lost).Should().Be((1, 1), "the other connection was never lost");
        onFirst.Should().NotBeEmpty();
        onSecond.Should().NotBeEmpty();

        async Task ExchangeAsync(IEnumerable<string> channels, string text)
        {
            foreach (var channel in channels) here.Publish(channel, text);
            foreach (var channel in channels) await there.Witness.WaitForTextAsync(channel, text);
        }
    }

    [Fact]
    public async Task A_cluster_that_loses_the_node_in_use_is_used_through_another()
    {
        await using var cluster = await RabbitMqServer.CreateAsync(3);
        var endpoint = new RabbitMqEndpoint(string.Join(',', cluster.Uri(0), cluster.Uri(1), cluster.Uri(2)));
        endpoint.Uris.Should().HaveCount(3);
        await using var here = await BrokerNode.StartAsync([endpoint]);
        await using var there = await BrokerNode.StartAsync([endpoint]);
        await using var elsewhere = await BrokerNode.StartAsync(cluster.Uri(2));
        foreach (var node in new[] { there, elsewhere }) await node.SubscribeAsync("lobby");
        await ExchangeAsync("before");

        await cluster.KillAsync(0);
        await Task.WhenAll(here.Witness.WaitUntilWholeAsync(), there.Witness.WaitUntilWholeAsync());
        await ExchangeAsync("after");
        elsewhere.Witness.Lost.Should().Be(0, "its node of the cluster was not killed");

        async Task ExchangeAsync(string text)
        {
            here.Publish("lobby", text);
            foreach (var node in new[] { there, elsewhere }) await node.Witness.WaitForTextAsync("lobby", text);
        }
    }
}
