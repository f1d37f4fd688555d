using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The clock is set while a node runs: what lasts does not follow it; only what has a date, as a sign-in's end, does.</summary>
public sealed class SetClockTests
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SetClock _clock;

    public SetClockTests() => _clock = new SetClock(_time);

    public static TheoryData<TimeSpan> Jumps => [TimeSpan.FromHours(1), TimeSpan.FromHours(-1), TimeSpan.FromDays(3650), TimeSpan.FromDays(-3650)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task A_connection_is_neither_closed_early_nor_kept_when_it_is_dead(TimeSpan jump)
    {
        await using var node = await StartAsync(options => options.Heartbeat = Heartbeat);
        await using var ann = await node.ConnectAsync("ann");
        await using var silent = await node.ConnectAsync("silent");
        _clock.Set(jump);
        for (var second = 0; second < 15; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            (await ann.RequestAsync("""{"type":"ping","id":9}""", 9)).GetProperty("type").GetString().Should().Be("ok");
        }

        (await silent.RequestAsync("""{"type":"ping","id":9}""", 9)).GetProperty("type").GetString().Should().Be("ok");
        _clock.Set(-2 * jump);
        for (var second = 0; second < 21; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await ann.RequestAsync("""{"type":"ping","id":9}""", 9);
        }

        (await silent.ClosedAsync()).Should().Be(CloseCode.Silent);
        (await ann.RequestAsync("""{"type":"ping","id":9}""", 9)).GetProperty("type").GetString().Should().Be("ok");
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task Idle_users_are_away_after_the_same_time(TimeSpan jump)
    {
        await using var node = await StartAsync(options => options.AwayAfter = TimeSpan.FromSeconds(30));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        _clock.Set(jump);
        await PassAsync(node, ann, seconds: 29);
        (await StatusAsync(node)).Should().Be("online");
        await PassAsync(node, ann, seconds: 3);
        (await StatusAsync(node)).Should().Be("away");
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task Messages_keep_their_order_whatever_their_times(TimeSpan jump)
    {
        await using var node = await StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        var first = Guid.NewGuid();
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", first, "1"), 3);
        _clock.Set(jump);
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "2"), 3);
        _clock.Set(-2 * jump);
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "3"), 3);
        (await ann.RequestAsync(PublishOrderTests.Publish(3, "a", first, "1"), 3)).GetProperty("duplicate").GetBoolean().Should().BeTrue();

        foreach (var text in new[] { "1", "2", "3" })
            (await ann.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be(text);
        (await node.Messaging.Messages.ReadHistoryAsync("a", cancellationToken: Cancel)).Messages.Select(message => message.Content.Text).Should().Equal("1", "2", "3");
        await using var bob = await node.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a","recent":9}""", 2);
        (await bob.WaitForAsync("changes")).GetProperty("messages").EnumerateArray()
            .Select(message => message.GetProperty("text").GetString()).Should().Equal("1", "2", "3");
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task Every_channel_is_listed_while_changes_bear_earlier_and_later_times(TimeSpan jump)
    {
        await using var node = await StartAsync();
        for (var i = 0; i < 20; i++) await node.Messaging.Channels.EnsureAsync($"c{i}", owner: "ann", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        var listed = new HashSet<string>();
        string? next = null;
        do
        {
            var page = await ann.RequestAsync($$"""{"type":"channels","id":2,"limit":3,"before":{{JsonSerializer.Serialize(next)}}}""", 2);
            foreach (var channel in page.GetProperty("channels").EnumerateArray()) listed.Add(channel.GetProperty("channel").GetString()!);
            next = page.TryGetProperty("next", out var more) ? more.GetString() : null;
            // A channel that was listed already changes, at a time long before or after.
            _clock.Set(jump);
            await node.Messaging.Messages.SendAsync(listed.First(), new OutgoingMessage { Text = "x" }, cancellationToken: Cancel);
            _clock.Set(-jump);
        }
        while (next is not null);
        listed.Should().HaveCount(20);
    }

    [Fact]
    public async Task A_sign_in_ends_by_the_clock()
    {
        await using var node = await TestNode.StartAsync(
            builder => builder.UseInMemoryStore().UseAuthenticator<HourAuthenticator>(), time: _clock);
        await using var ann = new TestClient(node.Transport.Connect("ann"));
        await ann.RequestAsync("""{"type":"connect","id":1}""", 1);
        _clock.Set(TimeSpan.FromHours(2));
        _time.Advance(TimeSpan.FromSeconds(3));
        (await ann.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task Nodes_neither_lose_each_other_nor_keep_who_is_gone(TimeSpan jump)
    {
        await using var group = new NodeGroup();
        var here = await group.StartAsync();
        var there = await group.StartAsync();
        await group.EnsureChannelAsync("a");
        await using var ann = await here.SubscribeAsync("ann", "a");
        await using var bob = await there.SubscribeAsync("bob", "a");
        await group.PassAsync(TimeSpan.FromSeconds(12));
        here.Clock.Set(jump);
        for (var beat = 0; beat < 6; beat++)
        {
            await group.PassAsync(TimeSpan.FromSeconds(5));
            foreach (var client in new[] { ann, bob }) await client.RequestAsync("""{"type":"ping","id":3}""", 3);
            (await UsersAsync(here)).Should().Equal("ann", "bob");
            (await UsersAsync(there)).Should().Equal("ann", "bob");
            here.Clock.Set(beat % 2 == 0 ? -2 * jump : 2 * jump);
        }

        there.Kill();
        await group.PassAsync(TimeSpan.FromSeconds(25));
        (await UsersAsync(here)).Should().Equal("ann");
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task What_the_broker_lost_is_repaired_within_the_interval(TimeSpan jump)
    {
        await using var group = new NodeGroup();
        var here = await group.StartAsync();
        var there = await group.StartAsync();
        await group.EnsureChannelAsync("a");
        await using var bob = await there.SubscribeAsync("bob", "a");
        there.Clock.Set(jump);
        there.Broker.LosesIncoming = _ => true;
        await here.SendAsync("a", "lost on the way");
        var changes = await group.PassUntilAsync(bob.WaitForAsync("changes"));
        changes.GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("lost on the way");
    }

    private Task<TestNode> StartAsync(Action<RealtimeOptions>? configure = null) => TestNode.StartAsync(configure: configure, time: _clock);

    // A pong is no request: whoever answers pings alone is idle.
    private async Task PassAsync(TestNode node, TestClient client, int seconds)
    {
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        for (var second = 0; second < seconds; second++)
        {
            var before = engine.Clock.Now;
            _time.Advance(TimeSpan.FromSeconds(1));
            await Until.TrueAsync(() => engine.Clock.Now > before, "the heartbeat has looked after its sessions");
            await client.SendAsync("""{"type":"pong"}""");
        }
    }

    private static async Task<string> StatusAsync(TestNode node) =>
        (await node.Messaging.Channels.GetPresenceAsync("a", Cancel)).Single().Status;

    private static async Task<IEnumerable<string>> UsersAsync(GroupNode node) =>
        (await node.Messaging.Channels.GetPresenceAsync("a", Cancel)).Select(present => present.User);

    private sealed class HourAuthenticator(TimeProvider time) : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
            ValueTask.FromResult<SignIn?>(new SignIn("ann", time.GetUtcNow().AddHours(1)));
    }
}
