using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Who is present is the same on every node, and each is told once.</summary>
public sealed class PresenceOverNodesTests : IAsyncLifetime
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    private readonly NodeGroup _group = new(options =>
    {
        options.Heartbeat = TimeSpan.FromMinutes(1);
        options.AwayAfter = TimeSpan.FromSeconds(50);
    });
    private GroupNode _one = null!;
    private GroupNode _two = null!;
    private GroupNode _three = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_one, _two, _three) = (await _group.StartAsync(), await _group.StartAsync(), await _group.StartAsync());
        await _group.EnsureChannelAsync("a");
        await Until.TrueAsync(() => _group.Nodes.All(node => node.Engine.OtherNodes!.Ids.Count == 2), "the nodes hear each other");
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Fact]
    public async Task One_user_on_two_nodes_is_one_user_with_two_connections()
    {
        await using var ann = await _one.SubscribeAsync("ann", "a");
        _group.Advance(TimeSpan.FromSeconds(1));
        await using var again = await _two.SubscribeAsync("ann", "a");
        await using var bob = await _three.SubscribeAsync("bob", "a");
        await _group.PassAsync(TimeSpan.FromMilliseconds(500));

        var expected = (await PresenceAsync(bob)).Should().HaveCount(2).And.Subject.First();
        expected.User.Should().Be("ann");
        expected.Connections.Should().Be(2);
        foreach (var client in new[] { ann, again }) (await PresenceAsync(client))[0].Should().Be(expected);
        foreach (var node in _group.Nodes) (await node.Messaging.Channels.GetPresenceAsync("a", Cancel))[0].Should().Be(expected);
    }

    [Fact]
    public async Task Only_a_change_of_the_user_over_all_nodes_is_told()
    {
        await using var watcher = await WatchAsync(_three);
        await using var ann = await _one.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await using var again = await _two.SubscribeAsync("ann", "a");
        await _group.PassAsync(Beat);
        await CloseAsync(ann);
        await _group.PassAsync(Beat);
        await CloseAsync(again);
        await _group.PassAsync(Beat);

        (await StatusesAsync(watcher)).Should().Equal("ann offline");
    }

    [Fact]
    public async Task A_user_is_away_when_all_connections_on_all_nodes_are()
    {
        await using var watcher = await WatchAsync(_three);
        await using var ann = await _one.SubscribeAsync("ann", "a");
        await using var again = await _two.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await _group.PassAsync(TimeSpan.FromSeconds(30));
        await again.RequestAsync("""{"type":"ping","id":5}""", 5);
        await watcher.RequestAsync("""{"type":"ping","id":5}""", 5);
        await _group.PassAsync(TimeSpan.FromSeconds(30));
        (await StatusesAsync(watcher)).Should().BeEmpty("one of the connections did something lately");
        await _group.PassAsync(TimeSpan.FromSeconds(30));
        (await StatusesAsync(watcher)).Should().Equal("ann away");
        await ann.RequestAsync("""{"type":"ping","id":6}""", 6);
        await StatusAsync(watcher, "ann", "online");
    }

    [Fact]
    public async Task Who_asks_on_a_node_that_does_not_serve_the_channel_gets_the_whole_picture_at_once()
    {
        await using var ann = await _one.SubscribeAsync("ann", "a");
        await using var bob = await _two.SubscribeAsync("bob", "a");
        await using var carl = await _three.Node.ConnectAsync("carl");
        (await PresenceAsync(carl)).Select(user => user.User).Should().Equal("ann", "bob");
        (await _three.Messaging.Channels.GetPresenceAsync("a", Cancel)).Select(user => user.User).Should().Equal("ann", "bob");
        await Until.TrueAsync(() => _three.Engine.LocalChannels.All.Count == 0, "the channel is let go again");
    }

    [Fact]
    public async Task A_new_node_knows_all_who_are_there()
    {
        await using var ann = await _one.SubscribeAsync("ann", "a");
        var four = await _group.StartAsync();
        await Until.TrueAsync(() => four.Engine.OtherNodes!.Ids.Count == 3, "it hears the others");
        await using var bob = await four.SubscribeAsync("bob", "a");
        (await PresenceAsync(bob)).Select(user => user.User).Should().Equal("ann", "bob");
        (await StatusesAsync(bob)).Should().BeEmpty("who was there before is no news");
    }

    [Fact]
    public async Task A_node_that_falls_silent_takes_its_users_offline_within_three_heartbeats_and_comes_back_whole()
    {
        await using var watcher = await WatchAsync(_one);
        await using var ann = await _two.SubscribeAsync("ann", "a");
        await using var bob = await _two.SubscribeAsync("bob", "a");
        await using var again = await _three.SubscribeAsync("bob", "a");
        await StatusAsync(watcher, "ann", "online");
        await StatusAsync(watcher, "bob", "online");
        await _group.PassAsync(Beat);
        _two.Freeze();
        await _group.PassAsync(2 * Beat);
        (await StatusesAsync(watcher)).Should().BeEmpty("it may be slow");
        await _group.PassAsync(Beat);
        (await StatusesAsync(watcher)).Should().Equal("ann offline");

        await _group.PassAsync(TimeSpan.FromSeconds(20));
        _group.Thaw(_two);
        await _group.PassAsync(2 * Beat);
        (await StatusesAsync(watcher)).Should().Equal("ann online");
        (await PresenceAsync(watcher)).Select(user => (user.User, user.Connections)).Should().Equal(("ann", 1), ("bob", 2), ("watcher", 1));
        (await PresenceAsync(ann)).Select(user => (user.User, user.Connections)).Should().Equal(("ann", 1), ("bob", 2), ("watcher", 1));
    }

    [Fact]
    public async Task A_node_that_stood_still_does_not_take_the_others_for_gone()
    {
        await using var watcher = await WatchAsync(_two);
        await using var ann = await _one.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await _group.PassAsync(Beat);
        _two.Freeze();
        await _group.PassAsync(TimeSpan.FromSeconds(30));
        _group.Thaw(_two);
        await _group.PassAsync(2 * Beat);
        (await StatusesAsync(watcher)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_node_that_stops_takes_its_users_with_it_at_once()
    {
        await using var watcher = await WatchAsync(_one);
        var ann = await _two.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await ann.DisposeAsync();
        await _two.Node.StopAsync();
        await Until.TrueAsync(() => _one.Engine.OtherNodes!.Ids.Count == 1, "its farewell is heard");
    }

    [Fact]
    public async Task What_was_lost_is_made_good_with_the_next_heartbeat()
    {
        await using var watcher = await WatchAsync(_one);
        await using var ann = await _two.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await _group.PassAsync(Beat);
        _two.Broker.LosesOutgoing = channel => channel == "a";
        await using var bob = await _two.SubscribeAsync("bob", "a");
        await CloseAsync(ann);
        await _group.PassAsync(2 * Beat);
        (await StatusesAsync(watcher)).Should().BeEquivalentTo("ann offline", "bob online");
        await CloseAsync(bob);
        await _group.PassAsync(2 * Beat);
        (await StatusesAsync(watcher)).Should().Equal("bob offline");
    }

    [Fact]
    public async Task A_crowd_is_the_same_everywhere_though_its_coming_is_not_told()
    {
        await using var watcher = await WatchAsync(_one);
        var crowd = new List<TestClient>();
        for (var number = 0; number < 1_000; number++) crowd.Add(await _two.SubscribeAsync($"user-{number}", "a"));
        await _group.PassAsync(Beat);
        var told = await StatusesAsync(watcher);
        told.Count.Should().BeLessThanOrEqualTo(200);
        (await PresenceAsync(watcher)).Should().HaveCount(1_001);
        (await _three.Messaging.Channels.GetPresenceAsync("a", Cancel)).Should().HaveCount(1_001, "its answer comes in several parts");
        foreach (var client in crowd) await client.DisposeAsync();
    }

    [Fact]
    public async Task Garbage_from_the_broker_harms_nothing()
    {
        await using var watcher = await WatchAsync(_one);
        await using var ann = await _two.SubscribeAsync("ann", "a");
        await StatusAsync(watcher, "ann", "online");
        await _group.PassAsync(Beat);
        var random = new Random(7);
        var known = _two.Engine.NodeId;
        for (var round = 0; round < 20_000; round++)
        {
            var payload = new byte[random.Next(120)];
            random.NextBytes(payload);
            if (payload.Length > 25)
            {
                payload[0] = (byte)random.Next(4, 14);
                if (random.Next(2) == 0) known.TryWriteBytes(payload.AsSpan(1));
                payload[25] = (byte)random.Next(8);
            }

            // Events and heads are believed by their nature.
            if (payload.Length > 0 && payload[0] is not (1 or 5)) _one.Broker.Node.Receive(random.Next(2) == 0 ? "a" : Distributor.NodesChannel, payload);
            if (round % 1_000 == 0) await _group.SettleAsync();
        }

        await _group.PassAsync(TimeSpan.FromSeconds(15));
        (await PresenceAsync(watcher)).Select(user => (user.User, user.Connections)).Should().Equal(("ann", 1), ("watcher", 1));
        _one.Node.Log.Entries.Should().NotContain(entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    // Who wants to watch asks first who is there: what was so before is not told.
    private static async Task<TestClient> WatchAsync(GroupNode node)
    {
        var watcher = await node.SubscribeAsync("watcher", "a");
        await PresenceAsync(watcher);
        return watcher;
    }

    private static async Task CloseAsync(TestClient client)
    {
        client.Abort();
        await client.DisposeAsync();
    }

    private static async Task<IReadOnlyList<PresentUser>> PresenceAsync(TestClient client)
    {
        var reply = await client.RequestAsync("""{"type":"presence","id":99,"channel":"a"}""", 99);
        return
        [
            .. reply.GetProperty("users").EnumerateArray().Select(user => new PresentUser(
                user.GetProperty("user").GetString()!, user.GetProperty("status").GetString()!,
                user.GetProperty("since").GetDateTimeOffset(), user.GetProperty("connections").GetInt32())),
        ];
    }

    private async Task StatusAsync(TestClient reader, string user, string status)
    {
        // Changes are gathered for a moment where they happen, and again where they are told.
        await _group.PassAsync(TimeSpan.FromMilliseconds(500));
        await reader.WaitAsync(frame => Status(frame) == $"{user} {status}", $"{user} {status}");
    }

    /// <summary>What presence signals came so far: those before the answer to a request that is made now.</summary>
    private static async Task<List<string>> StatusesAsync(TestClient reader)
    {
        await reader.SendAsync("""{"type":"ping","id":98}""");
        var statuses = new List<string>();
        while (await reader.ReadAsync() is { } frame)
        {
            if (frame.TryGetProperty("id", out var id) && id.GetInt64() == 98) return statuses;
            if (Status(frame) is { } status) statuses.Add(status);
        }

        throw new InvalidOperationException("The connection ended.");
    }

    private static string? Status(JsonElement frame) =>
        frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "presence"
            ? $"{frame.GetProperty("user").GetString()} {frame.GetProperty("data").GetProperty("status").GetString()}"
            : null;
}
