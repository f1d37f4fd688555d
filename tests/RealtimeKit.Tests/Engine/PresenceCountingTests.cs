using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Who is counted as present, and as what, where a subscription begins, ends, falls idle and wakes at the same time.</summary>
public sealed class PresenceCountingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_subscription_that_is_ended_while_it_begins_leaves_nobody_behind()
    {
        var time = new InterruptedTime();
        await using var node = await TestNode.StartAsync(time: time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await SubscribedAsync(node, "ann");
        await using var bob = await node.ConnectAsync("bob");
        var session = Engine(node).Users.Of("bob").Single();
        var ending = new Thread(() => session.Revoke(session.Channels.FindSubscription("a")!, "removed"));
        time.Interrupt = () =>
        {
            if (session.Channels.FindSubscription("a") is null) return false;
            time.Interrupt = null;
            ending.Start();
            // Done, or held up until the beginning is over.
            SpinWait.SpinUntil(() => !ending.IsAlive || ending.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
            return true;
        };
        await bob.SendAsync("""{"type":"subscribe","id":2,"channel":"a"}""");
        await bob.WaitForAsync("revoked");
        await bob.RequestAsync("""{"type":"ping","id":3}""", 3);
        time.WasInterrupted.Should().BeTrue();
        ending.Join();
        (await PresentAsync(ann)).Should().Equal("ann online 1");
    }

    [Fact]
    public async Task A_user_who_falls_idle_while_subscribing_can_wake_and_fall_idle_again()
    {
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory);
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(store);
            builder.Services.AddSingleton<IChannelStore>(memory);
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var bob = await node.ConnectAsync("bob");
        var session = Engine(node).Users.Of("bob").Single();
        var release = new TaskCompletionSource();
        store.HoldHeads = (release.Task, new TaskCompletionSource());
        await bob.SendAsync("""{"type":"subscribe","id":2,"channel":"a"}""");
        await store.HoldHeads.Waits.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        session.SetAway(true);
        release.SetResult();
        await bob.ReplyAsync(2);
        await using var ann = await SubscribedAsync(node, "ann");
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob away 1");
        await bob.RequestAsync("""{"type":"ping","id":3}""", 3);
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob online 1");
        session.SetAway(true);
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob away 1");
    }

    [Fact]
    public async Task Of_two_windows_the_idle_one_takes_its_idleness_with_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await SubscribedAsync(node, "ann");
        await using var idle = await SubscribedAsync(node, "bob");
        var session = Engine(node).Users.Of("bob").Single();
        await using var busy = await SubscribedAsync(node, "bob");
        session.SetAway(true);
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob online 2");
        // Both at once, in the worst order: it is taken out, and the heartbeat, which has found it before, says that it is idle.
        var subscription = session.Channels.FindSubscription("a")!;
        await idle.RequestAsync("""{"type":"unsubscribe","id":3,"channel":"a"}""", 3);
        subscription.Channel.Presence.Recount(subscription);
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob online 1");
        Engine(node).Users.Of("bob").Single(other => other != session).SetAway(true);
        (await PresentAsync(ann)).Should().Equal("ann online 1", "bob away 1");
    }

    [Fact]
    public async Task A_crowd_that_shrinks_is_told_of_those_alone_who_leave_when_it_is_none_any_more()
    {
        var time = new FakeTimeProvider();
        await using var node = await TestNode.StartAsync(
            builder => builder.UseInMemoryStore().UseInMemoryBroker(new InMemoryBrokerNetwork()), options => options.PresenceSignalsUpTo = 4, time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var ann = await SubscribedAsync(node, "ann");
        var guests = new List<TestClient>();
        for (var guest = 0; guest < 8; guest++) guests.Add(await SubscribedAsync(node, $"guest-{guest}"));
        time.Advance(TimeSpan.FromMilliseconds(50));
        await ann.RequestAsync("""{"type":"ping","id":3}""", 3);
        // Nine are there, and up to four are told of each other: the first four leave a crowd behind, the next three do not.
        foreach (var guest in guests.Take(7)) await guest.RequestAsync("""{"type":"unsubscribe","id":3,"channel":"a"}""", 3);
        time.Advance(TimeSpan.FromMilliseconds(50));
        var told = new List<string?>();
        await ann.SendAsync("""{"type":"ping","id":4}""");
        while (true)
        {
            var frame = await ann.WaitAsync(frame => frame.GetProperty("type").GetString() is "signal" or "ok", "what is told");
            if (frame.GetProperty("type").GetString() == "ok") break;
            if (frame.GetProperty("data").GetProperty("status").GetString() == "offline") told.Add(frame.GetProperty("user").GetString());
        }

        foreach (var guest in guests) await guest.DisposeAsync();
        told.Should().Equal("guest-4", "guest-5", "guest-6");
    }

    private static async Task<TestClient> SubscribedAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        // Whoever is answered is counted; that this was noted for telling is sure when the next request is answered.
        await client.RequestAsync("""{"type":"ping","id":3}""", 3);
        return client;
    }

    private static async Task<IReadOnlyList<string>> PresentAsync(TestClient client)
    {
        var reply = await client.RequestAsync("""{"type":"presence","id":9,"channel":"a"}""", 9);
        return [.. reply.GetProperty("users").EnumerateArray().Select(user =>
            $"{user.GetProperty("user").GetString()} {user.GetProperty("status").GetString()} {user.GetProperty("connections").GetInt32()}")];
    }

    private static RealtimeNode Engine(TestNode node) => node.Services.GetRequiredService<RealtimeNode>();

    /// <summary>A clock that lets something happen, once, when it is looked at.</summary>
    private sealed class InterruptedTime : FakeTimeProvider
    {
        public Func<bool>? Interrupt { get; set; }

        public bool WasInterrupted { get; private set; }

        public override DateTimeOffset GetUtcNow()
        {
            if (!WasInterrupted && Interrupt is { } interrupt) WasInterrupted = interrupt();
            return base.GetUtcNow();
        }
    }
}
