using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The store did what was asked, and its answer was lost: on one node, without anybody else who could tell.</summary>
public sealed class LostAnswerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStore _memory = new();
    private readonly RulesOfTheHouse _rules = new();
    private FaultyStore _store = null!;
    private FaultyDirectory _directory = null!;
    private TestNode _node = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private RealtimeNode Engine => _node.Services.GetRequiredService<RealtimeNode>();

    public async ValueTask InitializeAsync()
    {
        (_store, _directory) = (new FaultyStore(_memory), new FaultyDirectory(_memory));
        _node = await TestNode.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<IMessageStore>(_store);
                builder.Services.AddSingleton<IChannelStore>(_directory);
                builder.Services.AddSingleton<IChannelAuthorizer>(_rules);
            },
            time: _time);
        await _node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await _node.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, cancellationToken: Cancel);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_message_whose_acknowledgement_was_lost_reaches_its_readers_when_it_is_sent_again()
    {
        await using var bob = await SubscribedAsync("bob", "a");
        await using var ann = await _node.ConnectAsync("ann");
        LoseAnswer();
        var message = Guid.NewGuid();
        (await ann.RequestAsync(PublishOrderTests.Publish(2, "a", message, "x"), 2)).GetProperty("code").GetString().Should().Be("unavailable");
        (await ann.RequestAsync(PublishOrderTests.Publish(3, "a", message, "x"), 3)).GetProperty("duplicate").GetBoolean().Should().BeTrue();
        (await bob.WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("x");
    }

    [Fact]
    public async Task An_edit_whose_answer_was_lost_reaches_the_readers_within_the_repair_interval()
    {
        await using var ann = await SubscribedAsync("ann", "a");
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "x"), 3);
        await ann.WaitForAsync("event");
        LoseAnswer();
        (await ann.RequestAsync("""{"type":"edit","id":4,"channel":"a","sequence":1,"text":"y"}""", 4)).GetProperty("code").GetString().Should().Be("unavailable");
        Texts(await PassUntilAsync(ann.WaitForAsync("changes"))).Should().Equal("y");
    }

    [Fact]
    public async Task An_edit_that_the_store_makes_long_after_its_answer_was_lost_reaches_the_readers()
    {
        await using var ann = await SubscribedAsync("ann", "a");
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "x"), 3);
        await ann.WaitForAsync("event");
        _store.IsAway = () => true;
        (await ann.RequestAsync("""{"type":"edit","id":4,"channel":"a","sequence":1,"text":"y"}""", 4)).GetProperty("code").GetString().Should().Be("unavailable");
        var asked = _store.HeadQueries.Count;
        await Until.TrueAsync(() => Passed() && _store.HeadQueries.Count >= asked + 3, "the channels are compared three times");
        await _memory.AppendAsync([new EditChange("a", _time.GetUtcNow(), 1, new ContentEdit(new PartEdit<string>(true, "y")))], Cancel);
        Texts(await PassUntilAsync(ann.WaitForAsync("changes"))).Should().Equal("y");
    }

    [Fact]
    public async Task A_change_that_is_just_being_delivered_is_not_read_from_the_store()
    {
        await using var ann = await SubscribedAsync("ann", "a");
        var held = new TaskCompletionSource();
        var committed = new TaskCompletionSource();
        _store.Answer = results =>
        {
            committed.TrySetResult();
            held.Task.GetAwaiter().GetResult();
            return results;
        };
        await ann.SendAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "x"));
        await committed.Task;
        var asked = _store.HeadQueries.Count;
        // The comparison sees the commit before the readers do, and then waits for its time of grace.
        await Until.TrueAsync(() => _store.HeadQueries.Count > asked || !Passed(), "the channels are compared");
        held.SetResult();
        await ann.ReplyAsync(3);
        await Until.TrueAsync(() => Passed() && !Engine.Repair.IsRunning && _store.HeadQueries.Count > asked + 1, "they are compared again");
        var frames = new List<string?>();
        await ann.SendAsync("""{"type":"unsubscribe","id":5,"channel":"a"}""");
        while ((await ann.ReadAsync())!.Value is var frame && !frame.TryGetProperty("id", out _)) frames.Add(frame.GetProperty("type").GetString());
        frames.Should().Equal("event");
    }

    [Fact]
    public async Task A_removal_whose_answer_was_lost_ends_the_subscription()
    {
        await _node.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
        await using var eve = await SubscribedAsync("eve", "p");
        _directory.LosesAnswer = true;
        await _node.Messaging.Invoking(x => x.Members.RemoveAsync("p", "eve", cancellationToken: Cancel)).Should().ThrowAsync<StoreUnavailableException>();
        await RevokedAsync(eve);
    }

    [Fact]
    public async Task A_removal_that_is_found_done_ends_the_subscription()
    {
        await _node.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
        await using var eve = await SubscribedAsync("eve", "p");
        await _memory.ApplyAsync(new RemoveChange("p", "eve"), Cancel);
        (await _node.Messaging.Members.RemoveAsync("p", "eve", cancellationToken: Cancel)).Should().BeFalse();
        await RevokedAsync(eve);
    }

    [Fact]
    public async Task A_deletion_whose_answer_was_lost_ends_the_subscriptions()
    {
        await using var bob = await SubscribedAsync("bob", "a");
        _directory.LosesAnswer = true;
        await _node.Messaging.Invoking(x => x.Channels.DeleteAsync("a", Cancel)).Should().ThrowAsync<StoreUnavailableException>();
        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
    }

    [Fact]
    public async Task A_subscription_whose_right_could_not_be_confirmed_is_answered_once_and_looked_at_again()
    {
        await _node.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
        await using var eve = await _node.ConnectAsync("eve");
        var looks = 0;
        _directory.Found = async _ =>
        {
            // The right is lost between the first look and the second, and the second fails.
            if (++looks == 1)
            {
                await _memory.ApplyAsync(new RemoveChange("p", "eve"), Cancel);
                Engine.Access.Changed("p", "eve", null);
            }
            else if (looks == 2) throw new StoreUnavailableException("The test took the store away.");
        };
        (await eve.RequestAsync("""{"type":"subscribe","id":2,"channel":"p"}""", 2)).GetProperty("type").GetString().Should().Be("subscribed");
        var next = await eve.ReadAsync();
        next!.Value.GetProperty("type").GetString().Should().Be("revoked");
    }

    [Fact]
    public async Task Rules_that_fail_for_some_keep_nobody_else_from_being_looked_at()
    {
        var broken = new List<TestClient>();
        for (var user = 0; user < 20; user++) broken.Add(await SubscribedAsync($"broken-{user}", "a"));
        await _node.Messaging.Members.AddAsync("p", "eve", cancellationToken: Cancel);
        await using var eve = await SubscribedAsync("eve", "p");
        _rules.FailsFor = "broken-";
        await _memory.ApplyAsync(new RemoveChange("p", "eve"), Cancel);
        Engine.AccessRecheck.All();
        await RevokedAsync(eve);
        foreach (var client in broken) await client.DisposeAsync();
    }

    // A small step of the clock; always true.
    private bool Passed()
    {
        _time.Advance(TimeSpan.FromMilliseconds(100));
        return true;
    }

    private async Task<JsonElement> PassUntilAsync(Task<JsonElement> coming)
    {
        await Until.TrueAsync(() => Passed() && coming.IsCompleted, "it comes");
        return await coming;
    }

    private static IEnumerable<string?> Texts(JsonElement changes) =>
        changes.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("text").GetString());

    private void LoseAnswer() => _store.Answer = results =>
    {
        _store.Answer = others => others;
        throw new StoreUnavailableException("The test lost the answer.");
    };

    private async Task<TestClient> SubscribedAsync(string user, string channel)
    {
        var client = await _node.ConnectAsync(user);
        JsonElement reply = await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2);
        reply.GetProperty("type").GetString().Should().Be("subscribed");
        return client;
    }

    private static async Task RevokedAsync(TestClient client) =>
        (await client.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");

    /// <summary>Members alone see what is not public; for some users the asking fails.</summary>
    private sealed class RulesOfTheHouse : IChannelAuthorizer
    {
        public string? FailsFor { get; set; }

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            FailsFor is { } some && request.User.StartsWith(some, StringComparison.Ordinal) ? throw new InvalidOperationException("The test's own.")
            : ValueTask.FromResult(request.Kind == ChannelKind.Public || request.Role is not null ? Access.Allowed : Access.Hidden);
    }
}
