using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>What people do in a channel, against the real server.</summary>
public sealed class ChatTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_people_chat_edit_delete_and_react()
    {
        await using var host = await ChatHost.StartAsync();
        await using var ada = host.Client("ada");
        await using var bob = host.Client("bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        ada.State.User.Should().Be("ada");
        var (hers, his) = (ada.Channel("lobby"), bob.Channel("lobby"));
        await hers.SubscribeAsync(cancellationToken: Token).InTime();
        await his.SubscribeAsync(cancellationToken: Token).InTime();

        var data = JsonValue.Parse("""{"a":[1,2,{"b":"\u00e9"}]}""");
        var hello = await hers.SendAsync(new OutgoingMessage { Text = "hello", Data = data, Mentions = ["bob"] }, Token).InTime();
        hello.Should().BeEquivalentTo(new { Sequence = 1, Version = 1, Duplicate = false });
        var answer = await his.SendAsync(new OutgoingMessage { Text = "hi", ReplyTo = 1 }, Token).InTime();
        (await hers.EditAsync(1, "hello!", Token).InTime()).Should().Be(3);
        (await his.ReactAsync(1, "👍", cancellationToken: Token).InTime()).Should().Be(4);
        (await his.ReactAsync(1, "👍", remove: true, Token).InTime()).Should().Be(5);
        (await his.DeleteAsync(answer.Sequence, Token).InTime()).Should().Be(6);
        (await hers.EditAsync(1, new MessageEdit { Remove = MessageParts.Data | MessageParts.Mentions }, Token).InTime()).Should().Be(7);

        foreach (var channel in new[] { hers, his })
        {
            var updates = (await channel.TakeWhileAsync(update => update is not MessageUpdated { Message.Version: 7 })).Where(u => u is not SignalReceived).ToList();
            updates[0].Should().BeOfType<MessagePosted>().Which.Message.Should().BeEquivalentTo(
                new { hello.Id, Sequence = 1, Sender = "ada", hello.Time, Content = new MessageContent("hello", data, null, ["bob"]) });
            updates[1].Should().BeOfType<MessagePosted>().Which.Message.Thread.Should().Be(1);
            updates[2].Should().BeOfType<MessageUpdated>().Which.Message.Text.Should().Be("hello!");
            updates[3].Should().BeEquivalentTo(new { User = "bob", Reaction = "👍", Removed = false, Sequence = 1, Version = 4 });
            updates[4].Should().BeOfType<ReactionsUpdated>().Which.Reactions.Should().BeEmpty();
            updates[5].Should().BeOfType<MessageUpdated>().Which.Message.DeletedAt.Should().NotBeNull();
            updates[6].Should().BeOfType<MessageUpdated>().Which.Message.Content.Should().Be(new MessageContent("hello!"));
            channel.Cursor!.Version.Should().Be(7);
        }

        (await hers.Invoking(c => c.EditAsync(2, "x", Token)).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Forbidden);
        (await his.Invoking(c => c.ReactAsync(2, "x", cancellationToken: Token)).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Conflict);
    }

    [Fact]
    public async Task History_in_pages_both_ways_and_by_thread()
    {
        await using var host = await ChatHost.StartAsync();
        await using var ada = host.Client("ada");
        var lobby = ada.Channel("lobby");
        _ = ada.ConnectAsync(Token);
        await Task.WhenAll(Enumerable.Range(1, 120).Select(n => lobby.SendAsync($"m{n}", Token))).InTime();
        var newest = await lobby.HistoryAsync(cancellationToken: Token).InTime();
        (newest.Messages.Count, newest.More, newest.Messages[0].Sequence).Should().Be((50, true, 71));
        var before = await lobby.HistoryAsync(new HistoryOptions { Before = 71, Limit = 200 }, Token).InTime();
        (before.Messages.Count, before.More).Should().Be((70, false));
        var after = await lobby.HistoryAsync(new HistoryOptions { After = 10, Limit = 5 }, Token).InTime();
        after.Messages.Select(message => message.Text).Should().Equal("m11", "m12", "m13", "m14", "m15");
        var reply = await lobby.SendAsync(new OutgoingMessage { Text = "r", ReplyTo = 7 }, Token).InTime();
        (await lobby.HistoryAsync(new HistoryOptions { Thread = 7 }, Token).InTime()).Messages.Select(m => m.Sequence).Should().Equal(7, reply.Sequence);
        await lobby.ReactAsync(7, "x", cancellationToken: Token).InTime();
        var reactions = await lobby.ReactionsAsync(7, Token).InTime();
        reactions.Own.Should().Equal("x");
        reactions.Reactions.Single().Users.Should().Equal("ada");
    }

    [Fact]
    public async Task Signals_marks_and_who_is_there()
    {
        await using var host = await ChatHost.StartAsync();
        await using var ada = host.Client("ada");
        await using var phone = host.Client("ada");
        await using var bob = host.Client("bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token), phone.ConnectAsync(Token)).InTime();
        await ada.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await bob.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await phone.Channel("lobby").SubscribeAsync(cancellationToken: Token).InTime();
        await ada.Channel("lobby").SendAsync("x", Token).InTime();
        bob.Channel("lobby").Typing();
        await bob.Channel("lobby").SignalAsync("wave", JsonValue.Parse("[1]"), Token).InTime();
        await phone.Channel("lobby").MarkReadAsync(1, Token).InTime();
        var signals = (await ada.Channel("lobby").TakeWhileAsync(update => update is not SignalReceived { Name: "read" })).OfType<SignalReceived>().ToList();
        signals.Should().ContainEquivalentOf(new SignalReceived("bob", "typing", null));
        signals.Should().Contain(signal => signal.Name == "wave" && signal.Data!.ToString() == "[1]");
        signals.Last().Should().BeEquivalentTo(new { User = "ada", Name = "read" });
        var present = await bob.Channel("lobby").PresenceAsync(Token).InTime();
        present.Select(user => (user.User, user.Connections)).Should().BeEquivalentTo([("ada", 2), ("bob", 1)]);
        (await bob.Channel("lobby").Invoking(c => c.SignalAsync("presence", null, Token)).Should().ThrowAsync<RealtimeException>())
            .Which.Code.Should().Be(ErrorCodes.Forbidden);
    }

    [Fact]
    public async Task Channels_members_joining_and_leaving()
    {
        await using var host = await ChatHost.StartAsync();
        await using var ada = host.Client("ada");
        await using var bob = host.Client("bob");
        await Task.WhenAll(ada.ConnectAsync(Token), bob.ConnectAsync(Token)).InTime();
        (await ada.CreateAsync(new ChannelDefinition(ChannelKind.Private) { Channel = "den", Name = "The den", Members = ["bob"] }, Token).InTime()).Should().Be("den");
        var direct = await ada.CreateAsync(new ChannelDefinition(ChannelKind.Direct) { Members = ["bob"] }, Token).InTime();
        (await bob.CreateAsync(new ChannelDefinition(ChannelKind.Direct) { Members = ["ada"] }, Token).InTime()).Should().Be(direct);
        (await ada.Invoking(c => c.CreateAsync(new ChannelDefinition(ChannelKind.Public) { Channel = "den" }, Token)).Should().ThrowAsync<RealtimeException>())
            .Which.Code.Should().Be(ErrorCodes.Conflict);
        await ada.Channel("den").SendAsync(new OutgoingMessage { Text = "psst", Mentions = ["bob"] }, Token).InTime();
        await bob.Channel("lobby").JoinAsync(Token).InTime();
        var list = await bob.ChannelsAsync(cancellationToken: Token).InTime();
        list.Channels.Select(channel => channel.Channel).Should().BeEquivalentTo("den", direct, "lobby");
        list.Next.Should().BeNull();
        list.Channels.Single(channel => channel.Channel == "den").Should().BeEquivalentTo(
            new { Name = "The den", Role = ChannelRole.Member, Unread = 1, Mentions = 1, Sequence = 1 });
        (await ada.Channel("den").MembersAsync(cancellationToken: Token).InTime()).Members.Select(member => (member.User, member.Role))
            .Should().BeEquivalentTo([("ada", ChannelRole.Owner), ("bob", ChannelRole.Member)]);

        await bob.Channel("den").SubscribeAsync(SubscribeOptions.Recent(10), Token).InTime();
        await bob.Channel("den").LeaveAsync(Token).InTime();
        var last = await bob.Channel("den").TakeWhileAsync(_ => true);
        last[^1].Should().Be(new ChannelRevoked("left"));
        (await bob.Channel("den").Invoking(c => c.SubscribeAsync(cancellationToken: Token)).Should().ThrowAsync<RealtimeException>())
            .Which.Code.Should().Be(ErrorCodes.NotFound);
    }
}
