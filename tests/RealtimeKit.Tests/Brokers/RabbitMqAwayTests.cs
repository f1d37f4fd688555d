using System.Globalization;
using FluentAssertions;
using RealtimeKit.RabbitMQ.Publishing;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>A broker that is away for long costs a node no memory.</summary>
[Collection(nameof(AloneCollection))]
public sealed class RabbitMqAwayTests
{
    [Fact]
    public async Task A_million_publishes_into_nothing_are_kept_by_name_up_to_a_limit()
    {
        await using var server = await RabbitMqServer.CreateAsync();
        await server.StopAsync();
        await using var here = await BrokerNode.StartAsync(server.Uri());
        var names = Enumerable.Range(0, 50_000).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToArray();
        var text = new string('x', 1_000);
        for (var number = 0; number < 1_000; number++) here.Publish("warm-up", text);
        var before = GC.GetTotalMemory(true);
        for (var number = 0; number < 1_000_000; number++) here.Publish(names[number % names.Length], text);
        (GC.GetTotalMemory(true) - before).Should().BeLessThan(4 << 20);

        await server.StartAsync();
        await here.Witness.WaitUntilWholeAsync();
        await here.Witness.WaitAsync(() => here.Witness.PublishesLost.Count >= LostChannels.Capacity, "lost publishes to be told");
        // Its end waits for what it is telling.
        await here.Broker.DisposeAsync();
        here.Witness.PublishesLost.Should().HaveCount(LostChannels.Capacity).And.OnlyHaveUniqueItems();
    }
}
