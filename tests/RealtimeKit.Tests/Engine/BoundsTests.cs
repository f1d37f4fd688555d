using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What a client could make grow, or get more of than others, by how it sends.</summary>
public sealed class BoundsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Naming_ever_new_channels_while_a_publish_is_under_way_makes_nothing_grow()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var client = await node.ConnectAsync("mallory");
        var known = Guid.NewGuid();
        await client.RequestAsync(PublishOrderTests.Publish(2, "a", known, "x"), 2);
        const int pairs = 2_000;
        for (var pair = 0; pair < pairs; pair++)
        {
            var unknown = $$"""{"type":"publish","id":{{100_000 + pair}},"channel":"random-{{pair}}"}""";
            await client.RequestAsync(PublishOrderTests.Publish(3 + pair, "a", known, "x") + "\n" + unknown, 100_000 + pair);
        }

        Engine(node).Sessions.All.Single().Channels.Count.Should().BeLessThanOrEqualTo(64 + OutstandingAppends.Most);
    }

    [Fact]
    public async Task Whoever_goes_on_in_ever_more_channels_that_are_refused_is_closed()
    {
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory) { IsAway = () => true };
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(store);
            builder.Services.AddSingleton<IChannelStore>(memory);
        });
        await using var client = await node.ConnectAsync("mallory");
        for (var channel = 0; channel <= 1_000; channel++)
        {
            await node.Messaging.Channels.EnsureAsync($"c{channel}", cancellationToken: Cancel);
            var answer = await client.RequestAsync(PublishOrderTests.Publish(2 + channel, $"c{channel}", Guid.NewGuid(), "x"), 2 + channel);
            answer.GetProperty("code").GetString().Should().Be("unavailable");
        }

        (await client.WaitAsync(frame => frame.GetProperty("type").GetString() == "error", "why it is closed")).GetProperty("code").GetString().Should().Be("too_many");
        (await client.ClosedAsync()).Should().Be(CloseCode.LimitsAbused);
    }

    private static RealtimeNode Engine(TestNode node) => node.Services.GetRequiredService<RealtimeNode>();
}
