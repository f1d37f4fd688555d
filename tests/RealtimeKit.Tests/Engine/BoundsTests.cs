using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
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

    [Fact]
    public async Task Connecting_again_gives_nobody_more_messages_a_second()
    {
        var time = new FakeTimeProvider();
        await using var node = await TestNode.StartAsync(configure: options => options.MessagesPerSecond = 1, time: time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        (await PublishAsync(node, 3)).Should().Equal("published", "published", "rate_limited");
        await LeaveAsync(node);
        (await PublishAsync(node, 1)).Should().Equal("rate_limited");
        await LeaveAsync(node);
        await PassAsync(node, time, 1);
        (await PublishAsync(node, 2)).Should().Equal("published", "rate_limited");
        await LeaveAsync(node);
        Engine(node).Users.Count.Should().Be(1);
        // Rested, and so as good as somebody new.
        await PassAsync(node, time, 3);
        Engine(node).Users.Count.Should().Be(0);
        (await PublishAsync(node, 3)).Should().Equal("published", "published", "rate_limited");
    }

    private static async Task<List<string>> PublishAsync(TestNode node, int count)
    {
        await using var client = await node.ConnectAsync("ann");
        var answers = new List<string>();
        for (var id = 2; id < 2 + count; id++)
        {
            var answer = await client.RequestAsync(PublishOrderTests.Publish(id, "a", Guid.NewGuid(), "x"), id);
            answers.Add(answer.GetProperty(answer.GetProperty("type").GetString() == "error" ? "code" : "type").GetString()!);
        }

        return answers;
    }

    private static Task LeaveAsync(TestNode node) => Until.TrueAsync(() => Engine(node).Sessions.All.Count == 0, "the connection has ended");

    private static async Task PassAsync(TestNode node, FakeTimeProvider time, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            var before = Engine(node).Clock.Now;
            time.Advance(TimeSpan.FromSeconds(1));
            await Until.TrueAsync(() => Engine(node).Clock.Now != before, "the heartbeat goes on");
        }
    }

    private static RealtimeNode Engine(TestNode node) => node.Services.GetRequiredService<RealtimeNode>();
}
