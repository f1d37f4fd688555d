using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>What the broker lost is made good from the store, though nothing more comes.</summary>
public sealed class RepairTests : IAsyncLifetime
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly NodeGroup _group = new(options => options.ChannelsPerConnection = 20_000);
    private GroupNode _here = null!;
    private GroupNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _here = await _group.StartAsync();
        _there = await _group.StartAsync();
        await _group.EnsureChannelAsync("a");
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Fact]
    public async Task A_lost_event_arrives_within_the_interval_though_nothing_follows_it()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        _there.Broker.LosesIncoming = _ => true;
        await _here.SendAsync("a", "lost on the way");
        Texts(await _group.PassUntilAsync(bob.WaitForAsync("changes"))).Should().Equal("lost on the way");
    }

    [Fact]
    public async Task A_hole_is_filled_though_the_event_after_it_is_lost_too()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        await _here.SendAsync("a", "1");
        await bob.WaitForAsync("event");
        _here.Broker.LosesOutgoing = _ => true;
        await _here.SendAsync("a", "2");
        _here.Broker.LosesOutgoing = _ => false;
        await _here.SendAsync("a", "3");
        Texts(await bob.WaitForAsync("changes")).Should().Equal("2", "3");
        _here.Broker.LosesOutgoing = _ => true;
        await _here.SendAsync("a", "4");
        Texts(await _group.PassUntilAsync(bob.WaitForAsync("changes"))).Should().Equal("4");
    }

    [Fact]
    public async Task A_regained_connection_is_repaired_at_once()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        _there.Broker.LosesIncoming = _ => true;
        _there.Broker.Cut();
        _there.Engine.Receiver!.LostConnections.Should().Be(1);
        await _here.SendAsync("a", "while it was away");
        _there.Broker.Heal();

        Texts(await bob.WaitForAsync("changes")).Should().Equal("while it was away");
        _there.Engine.Receiver!.LostConnections.Should().Be(0);
    }

    [Fact]
    public async Task Those_to_whom_a_publication_was_lost_are_told_with_one_query_for_all_channels()
    {
        await _group.EnsureChannelAsync("b");
        await using var bob = await _there.SubscribeAsync("bob", "a");
        await bob.RequestAsync("""{"type":"subscribe","id":3,"channel":"b"}""", 3);
        _here.Broker.Cut();
        foreach (var channel in new[] { "a", "b", "a", "b" }) await _here.SendAsync(channel, "unsent");
        _here.Store.HeadQueries.Clear();
        _here.Broker.Heal();

        var seen = new List<string>();
        while (seen.Count < 4) seen.AddRange(Texts(await bob.WaitForAsync("changes")));
        _here.Store.HeadQueries.Should().Contain(2).And.HaveCountLessThanOrEqualTo(2, "one of them is its own repair, of no channel");
    }

    [Fact]
    public async Task A_channel_that_was_deleted_behind_its_back_ends_as_one_deleted_here()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        _there.Broker.LosesIncoming = _ => true;
        await _here.Messaging.Channels.DeleteAsync("a", Cancel);
        _group.Advance(Interval);

        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
    }

    [Fact]
    public async Task A_channel_that_was_made_again_behind_its_back_is_another_channel()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        foreach (var text in new[] { "1", "2" }) await _here.SendAsync("a", text);
        await bob.WaitAsync(frame => Texts(frame).Contains("2"), "2");
        _there.Broker.LosesIncoming = _ => true;
        await _here.Messaging.Channels.DeleteAsync("a", Cancel);
        await _group.EnsureChannelAsync("a");
        await _here.SendAsync("a", "of the new one");
        _group.Advance(Interval);

        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
        await bob.RequestAsync("""{"type":"subscribe","id":3,"channel":"a","after":0}""", 3);
        Texts(await bob.WaitForAsync("changes")).Should().Equal("of the new one");
    }

    [Fact]
    public async Task Who_subscribes_to_a_channel_made_again_gets_the_new_one_while_the_old_is_still_served()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        foreach (var text in new[] { "1", "2" }) await _here.SendAsync("a", text);
        await bob.WaitAsync(frame => Texts(frame).Contains("2"), "2");
        _there.Broker.LosesIncoming = _ => true;
        await _here.Messaging.Channels.DeleteAsync("a", Cancel);
        await _group.EnsureChannelAsync("a");
        _there.Broker.LosesIncoming = _ => false;
        await using var carl = await _there.Node.ConnectAsync("carl");
        (await carl.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2)).GetProperty("version").GetInt64().Should().Be(0);

        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
        await _here.SendAsync("a", "of the new one");
        Texts(await carl.WaitForAsync("event")).Should().Equal("of the new one");
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_once_and_asked_again_at_the_next_interval()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        _there.Broker.LosesIncoming = _ => true;
        await _here.SendAsync("a", "late");
        _there.Store.HeadQueries.Clear();
        _there.Store.HeadsAreAway = true;
        for (var interval = 1; interval <= 3; interval++)
        {
            _group.Advance(Interval);
            await Until.TrueAsync(() => _there.Store.HeadQueries.Count >= interval, "the heads are asked for");
            // The timer is set again behind the query.
            await Until.TrueAsync(() => !_there.Engine.Repair.IsRunning, "the repair ends");
        }

        _there.Store.HeadsAreAway = false;
        Texts(await _group.PassUntilAsync(bob.WaitForAsync("changes"))).Should().Equal("late");
        _there.Node.Log.Entries.Where(entry => entry.Level == LogLevel.Warning && entry.Text.Contains("could not be compared", StringComparison.Ordinal))
            .Should().ContainSingle();
    }

    [Fact]
    public async Task More_channels_than_one_query_may_name_are_asked_for_in_several()
    {
        await using var bob = await _there.Node.ConnectAsync("bob");
        for (var number = 0; number < 10_003; number++)
        {
            await _group.EnsureChannelAsync($"room-{number}");
            await bob.RequestAsync($$"""{"type":"subscribe","id":{{number + 2}},"channel":"room-{{number}}"}""", number + 2);
        }

        _there.Store.HeadQueries.Clear();
        _group.Advance(Interval);
        await Until.TrueAsync(() => _there.Store.HeadQueries.Count >= 2, "two queries are made");
        _there.Store.HeadQueries.Should().Equal(10_000, 3);
    }

    private static IEnumerable<string> Texts(JsonElement frame) => frame.GetProperty("type").GetString() switch
    {
        "event" => [frame.GetProperty("message").GetProperty("text").GetString()!],
        "changes" => frame.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("text").GetString()!),
        _ => [],
    };
}
