using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Who lost a right on one node loses it on all, whatever becomes of the word about it; and what the application asks of all nodes.</summary>
public sealed class AccessOverNodesTests : IAsyncLifetime
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    private readonly NodeGroup _group = new();
    private GroupNode _here = null!;
    private GroupNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await _group.StartAsync(), await _group.StartAsync());
        await _here.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel);
        await Until.TrueAsync(() => _group.Nodes.All(node => node.Engine.OtherNodes!.Ids.Count == 1), "the nodes hear each other");
        await _group.SettleAsync();
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Fact]
    public async Task A_removal_whose_notice_is_lost_without_a_trace_takes_effect_with_the_next_heartbeat()
    {
        await using var bob = await _there.SubscribeAsync("bob", "p");
        _here.Broker.LosesOutgoing = _ => true;
        await _here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel);
        _here.Broker.LosesOutgoing = _ => false;
        await _group.PassAsync(Beat);
        await RevokedAsync(bob);
    }

    [Fact]
    public async Task A_removal_while_the_broker_is_away_takes_effect_when_it_is_back()
    {
        await using var bob = await _there.SubscribeAsync("bob", "p");
        _there.Broker.Cut();
        await _here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel);
        _there.Broker.Heal();
        await RevokedAsync(bob);
    }

    [Fact]
    public async Task A_removal_by_a_node_that_died_before_it_told_takes_effect_when_its_death_is_noticed()
    {
        await using var bob = await _there.SubscribeAsync("bob", "p");
        await _group.PassAsync(Beat);
        _here.Kill();
        await _here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel);
        await _group.PassAsync(3 * Beat);
        await RevokedAsync(bob);
    }

    [Fact]
    public async Task A_notice_that_comes_late_does_not_end_what_is_right_again()
    {
        await using var bob = await _there.SubscribeAsync("bob", "p");
        _there.Broker.Freeze();
        await _here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel);
        await _group.SettleAsync();
        _there.Broker.Thaw();
        await _group.SettleAsync();
        await _here.SendAsync("p", "still here");
        var frame = await bob.WaitAsync(frame => frame.GetProperty("type").GetString() is "event" or "revoked", "the event");
        frame.GetProperty("type").GetString().Should().Be("event");
    }

    [Fact]
    public async Task Who_only_publishes_on_another_node_is_stopped_too()
    {
        await using var bob = await _there.Node.ConnectAsync("bob");
        await bob.RequestAsync(PublishOrderTests.Publish(2, "p", Guid.NewGuid(), "mine"), 2);
        await _here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: Cancel);
        await _group.SettleAsync();
        (await bob.RequestAsync(PublishOrderTests.Publish(3, "p", Guid.NewGuid(), "more"), 3)).GetProperty("code").GetString().Should().Be("not_found");
    }

    [Fact]
    public async Task A_user_is_counted_and_disconnected_on_whichever_node()
    {
        await using var bob = await _there.Node.ConnectAsync("bob");
        await using var again = await _here.Node.ConnectAsync("bob");
        (await _here.Messaging.Users.GetConnectionCountAsync("bob", Cancel)).Should().Be(2);
        (await _here.Messaging.Users.DisconnectAsync("bob", cancellationToken: Cancel)).Should().Be(2);
        (await bob.ClosedAsync()).Should().Be(CloseCode.Disconnected);
        (await again.ClosedAsync()).Should().Be(CloseCode.Disconnected);
        (await _here.Messaging.Users.GetConnectionCountAsync("carl", Cancel)).Should().Be(0);
    }

    [Fact]
    public async Task A_question_that_is_lost_is_asked_again_and_one_without_answer_is_given_up()
    {
        await using var bob = await _there.Node.ConnectAsync("bob");
        _there.Broker.LosesIncoming = _ => true;
        var counting = _here.Messaging.Users.GetConnectionCountAsync("bob", Cancel);
        await _group.SettleAsync();
        _there.Broker.LosesIncoming = _ => false;
        await _group.PassAsync(TimeSpan.FromMilliseconds(500));
        (await counting).Should().Be(1);

        _there.Broker.LosesIncoming = _ => true;
        counting = _here.Messaging.Users.GetConnectionCountAsync("bob", Cancel);
        await _group.PassAsync(TimeSpan.FromMilliseconds(1_250));
        counting.IsCompleted.Should().BeFalse();
        await _group.PassAsync(TimeSpan.FromMilliseconds(500));
        (await counting).Should().Be(0);
    }

    private static async Task RevokedAsync(TestClient client)
    {
        var frame = await client.WaitForAsync("revoked");
        frame.GetProperty("reason").GetString().Should().Be("removed");
    }
}
