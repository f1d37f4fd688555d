using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>Nodes that share a store and have no broker find each other's changes by comparing with it, rights included.</summary>
public sealed class SharedStoreTests : IAsyncLifetime
{
    private readonly NodeGroup _group = new(hasBroker: false);
    private GroupNode _here = null!;
    private GroupNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _here = await _group.StartAsync();
        _there = await _group.StartAsync();
        await _group.EnsureChannelAsync("a");
        await _here.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, cancellationToken: Cancel);
        foreach (var user in new[] { "ann", "eve" }) await _here.Messaging.Members.AddAsync("p", user, cancellationToken: Cancel);
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Fact]
    public async Task A_message_of_another_node_arrives()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        foreach (var text in new[] { "1", "2" })
        {
            await _here.SendAsync("a", text);
            var changes = await _group.PassUntilAsync(bob.WaitForAsync("changes"));
            changes.GetProperty("messages")[0].GetProperty("text").GetString().Should().Be(text);
        }
    }

    [Fact]
    public async Task The_deletion_of_a_channel_by_another_node_ends_the_subscriptions()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        await _here.Messaging.Channels.DeleteAsync("a", Cancel);
        await RevokedAsync(bob, "deleted");
    }

    [Fact]
    public async Task Whoever_leaves_a_private_channel_at_one_node_reads_it_at_none()
    {
        await using var ann = await _there.SubscribeAsync("ann", "p");
        await using var eve = await _there.SubscribeAsync("eve", "p");
        await using var eveHere = await _here.Node.ConnectAsync("eve");
        (await eveHere.RequestAsync("""{"type":"leave","id":2,"channel":"p"}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        await RevokedAsync(eve, "removed");
        await _here.SendAsync("p", "a secret");
        await _group.PassUntilAsync(ann.WaitForAsync("changes"));
        (await eve.RequestAsync("""{"type":"history","id":3,"channel":"p"}""", 3)).GetProperty("code").GetString().Should().Be("not_found");
    }

    [Fact]
    public async Task A_right_that_was_taken_again_and_again_is_rechecked_each_time()
    {
        await using var eve = await _there.SubscribeAsync("eve", "p");
        for (var id = 3; id < 6; id++)
        {
            await _here.Messaging.Members.RemoveAsync("p", "eve", cancellationToken: Cancel);
            await RevokedAsync(eve, "removed");
            await _here.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
            (await eve.RequestAsync($$"""{"type":"subscribe","id":{{id}},"channel":"p"}""", id)).GetProperty("type").GetString().Should().Be("subscribed");
        }
    }

    [Fact]
    public async Task Whoever_lost_the_right_while_subscribing_does_not_keep_the_subscription()
    {
        // The channel is not served there yet: its head is read when eve's right is already decided.
        var held = new TaskCompletionSource();
        _there.Store.HoldHeads = (held.Task, new TaskCompletionSource());
        await using var eve = await _there.Node.ConnectAsync("eve");
        await eve.SendAsync("""{"type":"subscribe","id":2,"channel":"p"}""");
        await _there.Store.HoldHeads.Waits.Task.WaitAsync(Cancel);
        await _here.Messaging.Members.RemoveAsync("p", "eve", cancellationToken: Cancel);
        held.SetResult();
        (await eve.ReplyAsync(2)).GetProperty("type").GetString().Should().Be("subscribed");
        (await eve.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("denied");
    }

    private async Task RevokedAsync(TestClient client, string reason)
    {
        JsonElement revoked = await _group.PassUntilAsync(client.WaitForAsync("revoked"));
        revoked.GetProperty("reason").GetString().Should().Be(reason);
    }
}
