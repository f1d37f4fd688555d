using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What the application's own code does with messages, and what subscribers on both nodes receive of it.</summary>
public sealed class HostMessagesTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private TestNode _here = null!;
    private TestNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IRealtimeMessages Messages => _here.Messaging.Messages;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Subscribers_of_every_node_receive_what_the_application_edits_deletes_and_reacts_to()
    {
        await using var near = await SubscribedAsync(_here, "ann");
        await using var far = await SubscribedAsync(_there, "bob");
        await Messages.SendAsync("a", new OutgoingMessage { Text = "one", Data = JsonValue.Parse("7") }, "ann", Cancel);
        var edited = await Messages.EditAsync("a", 1, new MessageEdit { Text = "uno", Remove = MessageParts.Data }, Cancel);
        (await Messages.EditAsync("a", 1, "uno", Cancel)).Version.Should().Be(2, "what changes nothing takes no version");
        var reacted = await Messages.ReactAsync("a", 1, "+1", "cid", cancellationToken: Cancel);
        await Messages.ReactAsync("a", 1, "+1", cancellationToken: Cancel);
        await Messages.ReactAsync("a", 1, "+1", "cid", remove: true, Cancel);
        var deleted = await Messages.DeleteAsync("a", 1, "mod", Cancel);
        (await Messages.DeleteAsync("a", 1, cancellationToken: Cancel)).Should().BeEquivalentTo(deleted);

        (edited.Text, edited.Content.Data, edited.Version, edited.Sender).Should().Be(("uno", null, 2, "ann"));
        reacted.Reactions.Should().ContainSingle().Which.Users.Should().Equal("cid");
        (deleted.Version, deleted.Content.IsEmpty, deleted.DeletedAt is null).Should().Be((6, true, false));
        foreach (var client in new[] { near, far })
        {
            var seen = new List<string>();
            while (seen.Count < 6) seen.Add(Show(await client.WaitForAsync("event")));
            seen.Should().Equal("posted one", "edited uno", "reacted cid", "reacted system", "reacted cid removed", "deleted ");
        }

        (await _here.Messaging.Moderation.ListActionsAsync("a", cancellationToken: Cancel)).Actions.Should().ContainSingle()
            .Which.Should().Match<ChannelAction>(action => action.By == "mod" && action.Change == "delete" && action.User == "ann" && action.Sequence == 1);
    }

    [Fact]
    public async Task Messages_threads_and_reactions_are_read_one_by_one()
    {
        await Messages.SendAsync("a", "root", "ann", Cancel);
        await Messages.SendAsync("a", "aside", "bob", Cancel);
        await Messages.SendAsync("a", new OutgoingMessage { Text = "answer", ReplyTo = 1 }, "bob", Cancel);
        await Messages.SendAsync("a", new OutgoingMessage { Text = "again", ReplyTo = 3 }, "ann", Cancel);
        foreach (var user in new[] { "ann", "bob" }) await Messages.ReactAsync("a", 3, "heart", user, cancellationToken: Cancel);

        (await Messages.GetAsync("a", 3, Cancel))!.Text.Should().Be("answer");
        foreach (var none in new[] { 0L, 5, 99 }) (await Messages.GetAsync("a", none, Cancel)).Should().BeNull();
        foreach (var member in new[] { 1L, 3, 4 })
        {
            var thread = await Messages.ReadThreadAsync("a", member, cancellationToken: Cancel);
            thread.Messages.Select(message => message.Text).Should().Equal("root", "answer", "again");
        }

        (await Messages.ReadThreadAsync("a", 1, limit: 1, cancellationToken: Cancel)).Should().Match<MessagePage>(page => page.More && page.Messages[0].Sequence == 4);
        (await Messages.ReadThreadAsync("a", 1, after: 1, limit: 1, cancellationToken: Cancel)).Messages.Should().ContainSingle().Which.Sequence.Should().Be(3);
        var reactions = await Messages.GetReactionsAsync("a", 3, "bob", Cancel);
        reactions.Reactions.Should().ContainSingle().Which.Should().Match<ReactionSummary>(one => one.Reaction == "heart" && one.Count == 2);
        reactions.Own.Should().Equal("heart");
        (await Messages.GetReactionsAsync("a", 3, cancellationToken: Cancel)).Own.Should().BeEmpty();
    }

    [Fact]
    public async Task A_copy_of_a_channel_is_kept_by_its_changes()
    {
        for (var number = 1; number <= 5; number++) await Messages.SendAsync("a", $"{number}", cancellationToken: Cancel);
        var copy = new Dictionary<long, string?>();
        var position = await FollowAsync(null);
        await Messages.EditAsync("a", 2, "two", Cancel);
        await Messages.DeleteAsync("a", 4, cancellationToken: Cancel);
        await Messages.SendAsync("a", "6", cancellationToken: Cancel);
        var next = await FollowAsync(position);
        copy.OrderBy(one => one.Key).Select(one => one.Value).Should().Equal("1", "two", "3", null, "5", "6");
        next.Version.Should().Be(8);
        (await Messages.ReadChangesAsync("a", next, cancellationToken: Cancel)).Should().Match<ChangePage>(page => page.Messages.Count == 0 && !page.More && page.Position == next);

        await _here.Messaging.Channels.DeleteAsync("a", Cancel);
        await Messages.Invoking(x => x.ReadChangesAsync("a", next, cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await _here.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await Messages.Invoking(x => x.ReadChangesAsync("a", next with { Version = 0 }, cancellationToken: Cancel)).Should().ThrowAsync<ChannelPositionException>();
        var fresh = (await Messages.ReadChangesAsync("a", cancellationToken: Cancel)).Position;
        await Messages.Invoking(x => x.ReadChangesAsync("a", fresh with { Version = 1 }, cancellationToken: Cancel)).Should().ThrowAsync<ChannelPositionException>();

        async Task<ChannelPosition> FollowAsync(ChannelPosition? from)
        {
            ChangePage page;
            do
            {
                page = await Messages.ReadChangesAsync("a", from, limit: 2, Cancel);
                foreach (var message in page.Messages) copy[message.Sequence] = message.Text;
                from = page.Position;
            }
            while (page.More);
            return page.Position;
        }
    }

    [Fact]
    public async Task What_cannot_be_changed_is_refused_by_kind_and_changes_nothing()
    {
        await Messages.SendAsync("a", "one", "ann", Cancel);
        await Messages.SendAsync("a", "two", "ann", Cancel);
        await Messages.DeleteAsync("a", 2, cancellationToken: Cancel);
        for (var number = 0; number < ChangeRules.MaxReactionsPerMessage; number++) await Messages.ReactAsync("a", 1, $"r{number}", cancellationToken: Cancel);
        var version = (await _here.Messaging.Channels.GetAsync("a", Cancel))!.Version;

        await Messages.Invoking(x => x.EditAsync("nowhere", 1, "x", Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        (await Messages.Invoking(x => x.EditAsync("a", 9, "x", Cancel)).Should().ThrowAsync<MessageNotFoundException>()).Which.Sequence.Should().Be(9);
        (await Messages.Invoking(x => x.EditAsync("a", 2, "x", Cancel)).Should().ThrowAsync<MessageDeletedException>()).Which.Sequence.Should().Be(2);
        await Messages.Invoking(x => x.ReactAsync("a", 2, "x", cancellationToken: Cancel)).Should().ThrowAsync<MessageDeletedException>();
        await Messages.Invoking(x => x.ReactAsync("a", 1, "more", cancellationToken: Cancel)).Should().ThrowAsync<TooManyReactionsException>();
        await Messages.Invoking(x => x.EditAsync("a", 1, new MessageEdit { Remove = MessageParts.Text }, Cancel)).Should().ThrowAsync<ArgumentException>().WithMessage("*delete the message*");
        await Messages.Invoking(x => x.EditAsync("a", 1, new MessageEdit { Text = "x", Remove = MessageParts.Text }, Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messages.Invoking(x => x.EditAsync("a", 1, new string('x', ProtocolConstants.MaxTextLength + 1), Cancel)).Should().ThrowAsync<ArgumentException>();
        foreach (var reaction in new[] { "", "\ud800", new string('x', 65) })
            await Messages.Invoking(x => x.ReactAsync("a", 1, reaction, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messages.Invoking(x => x.DeleteAsync("a", 1, " ann", Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messages.Invoking(x => x.ReadThreadAsync("a", 9, cancellationToken: Cancel)).Should().ThrowAsync<MessageNotFoundException>();
        await Messages.Invoking(x => x.GetReactionsAsync("a", 9, cancellationToken: Cancel)).Should().ThrowAsync<MessageNotFoundException>();
        await Messages.Invoking(x => x.ReadChangesAsync("a", limit: 201, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        (await _here.Messaging.Channels.GetAsync("a", Cancel))!.Version.Should().Be(version);
    }

    [Fact]
    public async Task A_signal_of_the_application_reaches_subscribers_of_every_node_and_no_interceptor()
    {
        await using var near = await SubscribedAsync(_here, "ann");
        await using var far = await SubscribedAsync(_there, "bob");
        var channels = _here.Messaging.Channels;
        await channels.SignalAsync("a", "poll", JsonValue.Parse("""{"open":true}"""), cancellationToken: Cancel);
        await channels.SignalAsync("a", "typing", sender: "ann", cancellationToken: Cancel);
        foreach (var client in new[] { near, far })
        {
            var told = await client.WaitAsync(frame => IsSignal(frame, "poll"), "poll");
            told.GetProperty("user").GetString().Should().Be("system");
            told.GetProperty("data").GetProperty("open").GetBoolean().Should().BeTrue();
            (await client.WaitAsync(frame => IsSignal(frame, "typing"), "typing")).GetProperty("user").GetString().Should().Be("ann");
        }

        await channels.Invoking(x => x.SignalAsync("nowhere", "poll", cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        foreach (var name in new[] { "", "read", "presence", new string('x', 65) })
            await channels.Invoking(x => x.SignalAsync("a", name, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();

        static bool IsSignal(JsonElement frame, string name) =>
            frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == name;
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(builder =>
    {
        builder.Services.AddSingleton<IMessageStore>(_store);
        builder.Services.AddSingleton<IChannelStore>(_store);
        builder.UseInMemoryBroker(_network).AddMessageInterceptor<RefusesAll>();
    });

    private static async Task<TestClient> SubscribedAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        return client;
    }

    private static string Show(JsonElement frame)
    {
        var kind = frame.GetProperty("kind").GetString();
        return kind == "reacted"
            ? $"{kind} {frame.GetProperty("user").GetString()}{(frame.TryGetProperty("removed", out _) ? " removed" : "")}"
            : $"{kind} {(frame.GetProperty("message").TryGetProperty("text", out var text) ? text.GetString() : "")}";
    }

    private sealed class RefusesAll : IMessageInterceptor
    {
        public ValueTask<MessageContent> InterceptAsync(InterceptRequest request, CancellationToken cancellationToken) =>
            throw new MessageRefusedException("Nothing passes.");
    }
}
