using System.Security.Claims;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What the application's own code does with members, rights, read marks and lists, and what subscribers on both nodes receive of it.</summary>
public sealed class HostPeopleTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly FaultyDirectory _directory;
    private TestNode _here = null!;
    private TestNode _there = null!;

    public HostPeopleTests() => _directory = new FaultyDirectory(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IRealtimeMessaging Messaging => _here.Messaging;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        await Messaging.Channels.EnsureAsync("p", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        await Messaging.Channels.EnsureAsync("open", owner: "ann", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Many_members_come_and_go_in_one_call_and_whoever_is_refused_is_named()
    {
        await using var ann = await SubscribedAsync(_there, "ann", "p");
        string[] users = [.. Enumerable.Range(0, 300).Select(number => $"user-{number:d4}")];
        await Messaging.Moderation.BanAsync("p", users[7], cancellationToken: Cancel);
        (await ann.WaitForAsync("member")).GetProperty("change").GetString().Should().Be("banned");
        var added = await Messaging.Members.AddManyAsync("p", [.. users, .. users[..10], "ann"], by: "ann", cancellationToken: Cancel);
        added.Changed.Should().Be(299);
        added.Refused.Should().Equal(new RefusedMember(users[7], MemberOutcome.Banned));
        (await Messaging.Members.AddManyAsync("p", users[..3], cancellationToken: Cancel)).Should().BeEquivalentTo(new MembersChanged(0, []));
        var joined = new HashSet<string>();
        while (joined.Count < 299)
        {
            var frame = await ann.WaitForAsync("member");
            (frame.GetProperty("change").GetString(), frame.GetProperty("by").GetString()).Should().Be(("joined", "ann"));
            joined.Add(frame.GetProperty("user").GetString()!);
        }

        (await Messaging.Members.SetManyRolesAsync("p", [users[0], users[1]], ChannelRole.Moderator, cancellationToken: Cancel)).Changed.Should().Be(2);
        await using var near = await SubscribedAsync(_here, users[0], "p");
        await using var far = await SubscribedAsync(_there, users[1], "p");
        var removed = await Messaging.Members.RemoveManyAsync("p", ["ann", .. users], "the end", cancellationToken: Cancel);
        removed.Changed.Should().Be(299);
        removed.Refused.Should().Equal(new RefusedMember("ann", MemberOutcome.LastOwner));
        foreach (var client in new[] { near, far }) (await client.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
        (await Messaging.Members.ListAsync("p", cancellationToken: Cancel)).Members.Should().ContainSingle().Which.User.Should().Be("ann");

        await Messaging.Members.Invoking(x => x.AddManyAsync("nowhere", users, cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await Messaging.Members.Invoking(x => x.AddManyAsync("p", ["bob", " bob"], cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        (await Messaging.Members.GetAsync("p", "bob", Cancel)).Role.Should().BeNull("bad input changes nothing");
        (await Messaging.Members.AddManyAsync("p", [], cancellationToken: Cancel)).Changed.Should().Be(0);
    }

    [Fact]
    public async Task What_a_batch_takes_is_forbidden_at_once_on_every_node()
    {
        await using var bob = await _there.ConnectAsync("bob");
        await Messaging.Members.AddManyAsync("p", ["bob", "cid"], cancellationToken: Cancel);
        (await bob.RequestAsync(PublishOrderTests.Publish(2, "p", Guid.NewGuid(), "x"), 2)).GetProperty("type").GetString().Should().Be("published");
        await Messaging.Members.RemoveManyAsync("p", ["bob", "cid"], cancellationToken: Cancel);
        (await bob.RequestAsync(PublishOrderTests.Publish(3, "p", Guid.NewGuid(), "y"), 3)).GetProperty("code").GetString().Should().Be("not_found");
    }

    [Fact]
    public async Task A_batch_whose_answer_is_lost_ends_subscriptions_all_the_same()
    {
        await Messaging.Members.AddManyAsync("p", ["bob", "cid"], cancellationToken: Cancel);
        await using var bob = await SubscribedAsync(_there, "bob", "p");
        _directory.LosesAnswer = true;
        await Messaging.Members.Invoking(x => x.RemoveManyAsync("p", ["bob", "cid"], cancellationToken: Cancel)).Should().ThrowAsync<StoreUnavailableException>();
        (await Messaging.Members.RemoveManyAsync("p", ["bob", "cid"], cancellationToken: Cancel)).Changed.Should().Be(0, "it was done");
        (await bob.WaitForAsync("revoked")).GetProperty("channel").GetString().Should().Be("p");
    }

    [Fact]
    public async Task Whoever_acts_is_named_in_frames_and_actions_and_one_who_removes_oneself_leaves()
    {
        await using var ann = await SubscribedAsync(_there, "ann", "p");
        await Messaging.Members.AddAsync("p", "bob", by: "ann", cancellationToken: Cancel);
        await Messaging.Members.SetRoleAsync("p", "bob", ChannelRole.Moderator, "ann", cancellationToken: Cancel);
        await Messaging.Moderation.MuteAsync("p", "bob", reason: "loud", by: "ann", cancellationToken: Cancel);
        await Messaging.Moderation.UnmuteAsync("p", "bob", "ann", cancellationToken: Cancel);
        await Messaging.Members.RemoveAsync("p", "bob", "enough", "ann", cancellationToken: Cancel);
        await Messaging.Members.AddAsync("p", "bob", by: "bob", cancellationToken: Cancel);
        await Messaging.Members.RemoveAsync("p", "bob", by: "bob", cancellationToken: Cancel);
        await Messaging.Moderation.BanAsync("p", "bob", by: "ann", cancellationToken: Cancel);
        await Messaging.Moderation.UnbanAsync("p", "bob", "ann", cancellationToken: Cancel);
        await Messaging.Channels.UpdateAsync("p", new ChannelEdit { Name = "Plan" }, "ann", cancellationToken: Cancel);
        await Messaging.Channels.UpdateAsync("p", new ChannelEdit { Name = "Plan B" }, cancellationToken: Cancel);

        var seen = new List<string>();
        while (seen.Count < 9)
        {
            var frame = await ann.WaitForAsync("member");
            seen.Add($"{frame.GetProperty("change").GetString()} {(frame.TryGetProperty("by", out var by) ? by.GetString() : "")}");
        }

        seen.Should().Equal("joined ann", "role ann", "muted ann", "unmuted ann", "removed ann", "joined ", "left ", "banned ann", "unbanned ann");
        (await Messaging.Moderation.ListActionsAsync("p", cancellationToken: Cancel)).Actions.Reverse()
            .Select(action => $"{action.Change} {action.By} {action.User} {action.Reason}")
            .Should().Equal("invite ann bob ", "setRole ann bob ", "mute ann bob loud", "unmute ann bob ", "remove ann bob enough", "ban ann bob ", "unban ann bob ", "update ann  ");
        await Messaging.Moderation.Invoking(x => x.BanAsync("p", "ann", by: "ann", cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messaging.Members.Invoking(x => x.RemoveAsync("p", "bob", new string('x', 201), cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messaging.Members.Invoking(x => x.AddAsync("p", "bob", by: "", cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task What_a_user_is_in_a_channel_is_found_member_or_not()
    {
        await Messaging.Moderation.BanAsync("open", "eve", reason: "spam", by: "ann", cancellationToken: Cancel);
        await Messaging.Moderation.MuteAsync("open", "bob", cancellationToken: Cancel);
        (await Messaging.Members.GetAsync("open", "ann", Cancel)).Should().Be(new ChannelUser("ann", ChannelRole.Owner, 0));
        (await Messaging.Members.GetAsync("open", "cid", Cancel)).Should().Be(new ChannelUser("cid", null, 0));
        (await Messaging.Members.GetAsync("open", "eve", Cancel)).Ban.Should().Match<Sanction>(ban => ban.By == "ann" && ban.Reason == "spam");
        (await Messaging.Members.GetAsync("open", "bob", Cancel)).Should().Match<ChannelUser>(bob => bob.Mute != null && bob.Mute.By == null && bob.Ban == null);
        await Messaging.Members.Invoking(x => x.GetAsync("nowhere", "ann", Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
    }

    [Fact]
    public async Task Channels_are_listed_by_prefix_and_of_a_user()
    {
        for (var number = 0; number < 5; number++) await Messaging.Channels.EnsureAsync($"order-{number}", ChannelKind.Private, owner: number < 3 ? "ann" : "bob", data: JsonValue.Parse($$"""{"n":{{number}}}"""), cancellationToken: Cancel);
        var first = await Messaging.Channels.ListAsync("order-", limit: 2, cancellationToken: Cancel);
        var rest = await Messaging.Channels.ListAsync("order-", first.Channels[^1].Channel, cancellationToken: Cancel);
        (first.More, rest.More).Should().Be((true, false));
        first.Channels.Concat(rest.Channels).Select(one => one.Settings.Data!.ToString()).Should().Equal([.. Enumerable.Range(0, 5).Select(number => $$"""{"n":{{number}}}""")]);
        (await Messaging.Channels.ListAsync(cancellationToken: Cancel)).Channels.Should().HaveCount(7);
        foreach (var (prefix, limit) in new[] { ("ä", 1), ("a b", 1), ("a", 0), ("a", 201) })
            await Messaging.Channels.Invoking(x => x.ListAsync(prefix, limit: limit, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await Messaging.Channels.Invoking(x => x.EnsureAsync("d", data: JsonValue.Parse("1"), cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();

        await Messaging.Messages.SendAsync("order-1", "x", cancellationToken: Cancel);
        var page = await Messaging.Users.ListChannelsAsync("ann", limit: 3, cancellationToken: Cancel);
        var last = await Messaging.Users.ListChannelsAsync("ann", page.Next, cancellationToken: Cancel);
        (page.Channels.Count, last.Channels.Count, last.Next).Should().Be((3, 2, null));
        page.Channels.Concat(last.Channels).Single(one => one.Channel == "order-1").Should().Match<ChannelSummary>(one => one.Unread == 1 && one.Role == ChannelRole.Owner);
        await Messaging.Users.Invoking(x => x.ListChannelsAsync("ann", "wrong", cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task A_read_mark_that_the_application_moves_reaches_the_users_connections_and_the_other_of_a_pair()
    {
        var direct = (await Messaging.Channels.EnsureDirectAsync("ann", "bob", Cancel)).Channel;
        foreach (var channel in new[] { direct, "open" })
            for (var number = 0; number < 3; number++) await Messaging.Messages.SendAsync(channel, "x", "bob", Cancel);
        await using var own = await SubscribedAsync(_there, "ann", direct);
        await using var other = await SubscribedAsync(_here, "bob", direct);
        (await Messaging.Users.MarkReadAsync("ann", direct, 2, Cancel)).Should().Be(2);
        foreach (var client in new[] { own, other })
        {
            var told = await client.WaitAsync(frame => frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "read", "read");
            (told.GetProperty("user").GetString(), told.GetProperty("data").GetProperty("sequence").GetInt64()).Should().Be(("ann", 2));
        }

        (await Messaging.Users.MarkReadAsync("ann", direct, 1, Cancel)).Should().Be(2, "it moves forward only");
        (await Messaging.Users.MarkReadAsync("cid", "open", 99, Cancel)).Should().Be(3);
        (await Messaging.Members.GetAsync("open", "cid", Cancel)).Read.Should().Be(3);
        await Messaging.Users.Invoking(x => x.MarkReadAsync("ann", "nowhere", 1, Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await Messaging.Users.Invoking(x => x.MarkReadAsync("ann", "open", 0, Cancel)).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task A_question_of_access_is_answered_as_for_a_client()
    {
        await Messaging.Members.AddAsync("p", "mod", ChannelRole.Moderator, cancellationToken: Cancel);
        await Messaging.Members.AddAsync("p", "bob", cancellationToken: Cancel);
        await Messaging.Messages.SendAsync("p", "of the owner", "ann", Cancel);
        await Messaging.Messages.SendAsync("p", "of bob", "bob", Cancel);
        await Messaging.Moderation.BanAsync("open", "eve", cancellationToken: Cancel);

        (await AskAsync("bob", "p", ChannelOperation.Read)).Should().Be(Access.Allowed);
        (await AskAsync("eve", "p", ChannelOperation.Read)).Should().Be(Access.Hidden);
        (await AskAsync("eve", "nowhere", ChannelOperation.Read)).Should().Be(Access.Hidden);
        (await AskAsync("eve", "open", ChannelOperation.Read)).Should().Be(Access.Forbidden);
        (await AskAsync("bob", "p", ChannelOperation.Edit)).Should().Be(Access.Allowed, "without a message it is one of one's own");
        (await AskAsync("bob", "p", ChannelOperation.Edit, new() { Sequence = 1 })).Should().Be(Access.Forbidden);
        (await AskAsync("mod", "p", ChannelOperation.Delete, new() { Sequence = 2 })).Should().Be(Access.Allowed);
        (await AskAsync("mod", "p", ChannelOperation.Delete, new() { Sequence = 1 })).Should().Be(Access.Forbidden, "the sender is an owner");
        (await AskAsync("eve", "p", ChannelOperation.Delete, new() { Sequence = 99 })).Should().Be(Access.Hidden);
        (await AskAsync("mod", "p", ChannelOperation.Ban, new() { Target = "bob" })).Should().Be(Access.Allowed);
        (await AskAsync("mod", "p", ChannelOperation.Ban, new() { Target = "ann" })).Should().Be(Access.Forbidden);
        (await AskAsync("mod", "p", ChannelOperation.Invite, new() { Target = "cid", NewRole = ChannelRole.Owner })).Should().Be(Access.Forbidden);
        (await AskAsync("bob", "new", ChannelOperation.Create)).Should().Be(Access.Allowed);
        await Messaging.Users.Invoking(x => x.CheckAccessAsync("bob", "p", ChannelOperation.Edit, new() { Sequence = 99 }, Cancel)).Should().ThrowAsync<MessageNotFoundException>();
    }

    [Fact]
    public async Task An_authorizer_sees_the_claims_that_the_application_asks_with()
    {
        await using var node = await TestNode.StartAsync(builder => builder.UseInMemoryStore().UseChannelAuthorizer<ByClaim>());
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        var staff = new ClaimsPrincipal(new ClaimsIdentity([new Claim("staff", "yes")]));
        (await node.Messaging.Users.CheckAccessAsync("ann", "a", ChannelOperation.Read, new() { Principal = staff }, Cancel)).Should().Be(Access.Allowed);
        (await node.Messaging.Users.CheckAccessAsync("ann", "a", ChannelOperation.Read, cancellationToken: Cancel)).Should().Be(Access.Forbidden);
    }

    private Task<Access> AskAsync(string user, string channel, ChannelOperation operation, AccessDetails? details = null) =>
        Messaging.Users.CheckAccessAsync(user, channel, operation, details, Cancel);

    private Task<TestNode> StartAsync() => TestNode.StartAsync(builder =>
    {
        builder.Services.AddSingleton<IMessageStore>(_store);
        builder.Services.AddSingleton<IChannelStore>(_directory);
        builder.UseInMemoryBroker(_network);
    });

    private static async Task<TestClient> SubscribedAsync(TestNode node, string user, string channel)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}""", 2);
        return client;
    }

    private sealed class ByClaim : IChannelAuthorizer
    {
        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(request.Principal?.HasClaim("staff", "yes") == true ? Access.Allowed : Access.Forbidden);
    }
}
