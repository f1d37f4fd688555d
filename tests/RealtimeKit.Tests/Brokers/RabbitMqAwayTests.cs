using System.Globalization;
using FluentAssertions;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>A broker that is away for long costs a node no memory.</summary>
[Collection(nameof(AloneCollection))]
public sealed class RabbitMqAwayTests
{
    [Fact]
    public async Task A_million_publishes_into_nothing_are_told_and_not_kept()
    {
        await using var server = await RabbitMqServer.CreateAsync();
        await server.StopAsync();
        await using var here = await BrokerNode.StartAsync(server.Uri());
        var names = Enumerable.Range(0, 50_000).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray();
        var text = new string('x', 1_000);
        foreach (var name in names) here.Publish(name, text);
        var before = GC.GetTotalMemory(true);
        for (var number = 0; number < 1_000_000; number++) here.Publish(names[number % names.Length], text);
        (GC.GetTotalMemory(true) - before).Should().BeLessThan(1 << 20);

        await server.StartAsync();
        await here.Witness.WaitUntilWholeAsync();
        here.Witness.PublishesLost.Should().HaveCount(names.Length, "the engine is told of all, and keeps as many names as it can use");
        await here.SubscribeAsync("lobby");
        await using var other = await BrokerNode.StartAsync(server.Uri());
        other.Publish("lobby", "hello");
        await here.Witness.WaitForTextAsync("lobby", "hello");
    }
}
