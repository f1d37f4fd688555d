using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Pins on two nodes: what readers receive, what each request is answered, what is kept of it.</summary>
public sealed class PinTests : TwoNodesTest
{
    private protected override async Task PrepareAsync()
    {
        await Here.Messaging.Channels.EnsureAsync("open", ChannelKind.Public, owner: "own", cancellationToken: Cancel);
        await Here.Messaging.Members.AddAsync("open", "mod", ChannelRole.Moderator, cancellationToken: Cancel);
        for (var number = 1; number <= 5; number++) await Here.Messaging.Messages.SendAsync("open", $"{number}", "bob", Cancel);
    }

    [Fact]
    public async Task Readers_of_every_node_receive_the_whole_message_and_later_readers_find_it_so()
    {
        foreach (var user in new[] { "own", "bob" }) await AskAsync(user, """{"type":"subscribe","channel":"open"}""");
        var reply = await RequestAsync("mod", """{"type":"pin","channel":"open","sequence":2}""");
        (reply.GetProperty("type").GetString(), reply.GetProperty("version").GetInt64()).Should().Be(("ok", 6));
        foreach (var user in new[] { "own", "bob" })
        {
            var pinned = await Clients[user].WaitForAsync("event");
            (pinned.GetProperty("kind").GetString(), pinned.GetProperty("version").GetInt64()).Should().Be(("pinned", 6));
            var message = pinned.GetProperty("message");
            (message.GetProperty("sequence").GetInt64(), message.GetProperty("version").GetInt64(), message.GetProperty("text").GetString()).Should().Be((2, 6, "2"));
            message.GetProperty("pinnedBy").GetString().Should().Be("mod");
            message.GetProperty("pinnedAt").GetDateTimeOffset().Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
            message.TryGetProperty("editedAt", out _).Should().BeFalse();
        }

        var caughtUp = await RequestAsync("eve", """{"type":"subscribe","channel":"open","after":5}""");
        caughtUp.GetProperty("version").GetInt64().Should().Be(6);
        (await Clients["eve"].WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("pinnedBy").GetString().Should().Be("mod");
        reply = await RequestAsync("own", """{"type":"unpin","channel":"open","sequence":2}""");
        reply.GetProperty("version").GetInt64().Should().Be(7);
        var unpinned = await Clients["bob"].WaitForAsync("event");
        unpinned.GetProperty("kind").GetString().Should().Be("pinned");
        unpinned.GetProperty("message").TryGetProperty("pinnedAt", out _).Should().BeFalse();
        unpinned.GetProperty("message").TryGetProperty("pinnedBy", out _).Should().BeFalse();
    }

    [Fact]
    public async Task What_changes_nothing_takes_no_version_and_no_action_is_kept_of_it()
    {
        (await VersionAsync("mod", "pin", 3)).Should().Be(6);
        (await VersionAsync("own", "pin", 3)).Should().Be(6);
        (await VersionAsync("mod", "unpin", 4)).Should().Be(4, "the version of that message");
        await Here.Messaging.Messages.PinAsync("open", 4, cancellationToken: Cancel);
        (await VersionAsync("own", "unpin", 3)).Should().Be(8);
        var actions = (await RequestAsync("mod", """{"type":"actions","channel":"open"}""")).GetProperty("actions").EnumerateArray().ToList();
        actions.Select(action => $"{action.GetProperty("by")} {action.GetProperty("change")} {action.GetProperty("sequence")}").Should().Equal("own unpin 3", "mod pin 3");
    }

    [Fact]
    public async Task History_gives_the_pinned_ones()
    {
        foreach (var sequence in new[] { 4, 1, 5 }) await VersionAsync("mod", "pin", sequence);
        (await SequencesAsync("")).Should().Be("1 4 5 False");
        (await SequencesAsync(",\"limit\":2")).Should().Be("4 5 True");
        (await SequencesAsync(",\"limit\":2,\"before\":5")).Should().Be("1 4 False");
        (await SequencesAsync(",\"limit\":1,\"after\":1")).Should().Be("4 True");
        (await RequestAsync("eve", """{"type":"history","channel":"open","pinned":false}""")).GetProperty("messages").GetArrayLength().Should().Be(5);
        (await AskAsync("eve", """{"type":"history","channel":"open","pinned":1}""")).Should().Be("invalid");
        (await AskAsync("bob", """{"type":"delete","channel":"open","sequence":4}""")).Should().Be("ok");
        (await SequencesAsync("")).Should().Be("1 5 False");
        var deleted = (await RequestAsync("eve", """{"type":"history","channel":"open","after":3,"limit":1}""")).GetProperty("messages")[0];
        (deleted.TryGetProperty("deletedAt", out _), deleted.TryGetProperty("pinnedAt", out _), deleted.TryGetProperty("pinnedBy", out _)).Should().Be((true, false, false));
    }

    [Theory]
    [InlineData("mod", "\"sequence\":9", "not_found")]
    [InlineData("mod", "\"sequence\":0", "invalid")]
    [InlineData("mod", "\"x\":1", "invalid")]
    [InlineData("eve", "\"sequence\":1", "forbidden")]
    [InlineData("eve", "\"sequence\":9", "forbidden")]
    [InlineData("bob", "\"sequence\":1", "forbidden")]
    [InlineData("bob", "\"sequence\":-1", "invalid")]
    public async Task Form_comes_before_rights_and_rights_before_existence(string caller, string fields, string expected)
    {
        foreach (var type in new[] { "pin", "unpin" })
        {
            (await AskAsync(caller, $$"""{"type":"{{type}}","channel":"open",{{fields}}}""")).Should().Be(expected);
            if (expected != "invalid") (await AskAsync(caller, $$"""{"type":"{{type}}","channel":"nowhere",{{fields}}}""")).Should().Be("not_found");
        }
    }

    [Fact]
    public async Task A_deleted_message_conflicts_and_the_hundred_and_first_is_too_many()
    {
        await AskAsync("bob", """{"type":"delete","channel":"open","sequence":1}""");
        (await AskAsync("mod", """{"type":"pin","channel":"open","sequence":1}""")).Should().Be("conflict");
        (await AskAsync("mod", """{"type":"unpin","channel":"open","sequence":1}""")).Should().Be("conflict");
        for (var number = 0; number < 100; number++) await Here.Messaging.Messages.SendAsync("open", "more", "bob", Cancel);
        for (var sequence = 2; sequence <= 101; sequence++) (await AskAsync("mod", $$"""{"type":"pin","channel":"open","sequence":{{sequence}}}""")).Should().Be("ok");
        (await AskAsync("mod", """{"type":"pin","channel":"open","sequence":102}""")).Should().Be("too_many");
        (await AskAsync("mod", """{"type":"pin","channel":"open","sequence":50}""")).Should().Be("ok");
        await FluentActions.Awaiting(() => There.Messaging.Messages.PinAsync("open", 102, cancellationToken: Cancel)).Should().ThrowAsync<TooManyPinsException>();
        await AskAsync("bob", """{"type":"delete","channel":"open","sequence":50}""");
        (await AskAsync("mod", """{"type":"pin","channel":"open","sequence":102}""")).Should().Be("ok");
        (await Here.Messaging.Messages.ReadHistoryAsync("open", limit: 200, pinned: true, cancellationToken: Cancel)).Messages.Should().HaveCount(100);
    }

    [Fact]
    public async Task The_application_pins_in_its_own_name_or_a_users()
    {
        (await Here.Messaging.Messages.PinAsync("open", 1, cancellationToken: Cancel)).Should().BeTrue();
        (await There.Messaging.Messages.PinAsync("open", 1, "mod", Cancel)).Should().BeFalse();
        (await There.Messaging.Messages.PinAsync("open", 2, "mod", Cancel)).Should().BeTrue();
        (await Here.Messaging.Messages.ReadHistoryAsync("open", pinned: true, cancellationToken: Cancel)).Messages.Select(message => message.PinnedBy).Should().Equal("system", "mod");
        (await Here.Messaging.Messages.UnpinAsync("open", 1, cancellationToken: Cancel)).Should().BeTrue();
        (await Here.Messaging.Messages.UnpinAsync("open", 1, cancellationToken: Cancel)).Should().BeFalse();
        (await Here.Messaging.Moderation.ListActionsAsync("open", cancellationToken: Cancel)).Actions.Select(action => $"{action.By} {action.Change} {action.Sequence}").Should().Equal("mod pin 2");
        await FluentActions.Awaiting(() => Here.Messaging.Messages.PinAsync("open", 9, cancellationToken: Cancel)).Should().ThrowAsync<MessageNotFoundException>();
        await FluentActions.Awaiting(() => Here.Messaging.Messages.PinAsync("nowhere", 1, cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await FluentActions.Awaiting(() => Here.Messaging.Messages.PinAsync("open", 1, " ", Cancel)).Should().ThrowAsync<ArgumentException>();
        await AskAsync("bob", """{"type":"delete","channel":"open","sequence":1}""");
        await FluentActions.Awaiting(() => Here.Messaging.Messages.UnpinAsync("open", 1, cancellationToken: Cancel)).Should().ThrowAsync<MessageDeletedException>();
    }

    [Fact]
    public async Task Both_users_of_a_direct_channel_pin()
    {
        var channel = (await Here.Messaging.Channels.EnsureDirectAsync("bob", "eve", Cancel)).Channel;
        await Here.Messaging.Messages.SendAsync(channel, "hello", "bob", Cancel);
        (await AskAsync("eve", $$"""{"type":"pin","channel":"{{channel}}","sequence":1}""")).Should().Be("ok");
        (await AskAsync("bob", $$"""{"type":"unpin","channel":"{{channel}}","sequence":1}""")).Should().Be("ok");
        (await AskAsync("own", $$"""{"type":"pin","channel":"{{channel}}","sequence":1}""")).Should().Be("not_found");
    }

    [Fact]
    public async Task A_pin_on_a_node_that_heard_nothing_of_the_lost_right_is_refused()
    {
        await using var alone = await TestNode.StartAsync(UseStore);
        await using var mod = await alone.ConnectAsync("mod");
        async Task<string?> PinAsync(long id, string type) => (await mod.RequestAsync($$"""{"type":"{{type}}","id":{{id}},"channel":"open","sequence":1}""", id)) is var reply
            && reply.TryGetProperty("code", out var code) ? code.GetString() : "ok";
        (await PinAsync(2, "pin")).Should().Be("ok");
        await Here.Messaging.Moderation.MuteAsync("open", "mod", cancellationToken: Cancel);
        (await PinAsync(3, "unpin")).Should().Be("forbidden");
        await Here.Messaging.Moderation.UnmuteAsync("open", "mod", cancellationToken: Cancel);
        await Here.Messaging.Channels.UpdateAsync("open", new ChannelEdit { Closed = true }, cancellationToken: Cancel);
        (await PinAsync(4, "unpin")).Should().Be("forbidden");
        await Here.Messaging.Channels.UpdateAsync("open", new ChannelEdit { Closed = false }, cancellationToken: Cancel);
        await Here.Messaging.Members.SetRoleAsync("open", "mod", ChannelRole.Member, cancellationToken: Cancel);
        (await PinAsync(5, "unpin")).Should().Be("forbidden");
        (await Store.FindAsync("open", "mod", Cancel))!.Head.Version.Should().Be(6);
    }

    [Fact]
    public async Task A_pin_whose_right_is_taken_between_the_question_and_the_append_gets_no_version()
    {
        var directory = new FaultyDirectory(Store);
        await using var alone = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(Store);
            builder.Services.AddSingleton<IChannelStore>(directory);
        });
        await using var mod = await alone.ConnectAsync("mod");
        directory.Found = async number =>
        {
            if (number == 1) await Here.Messaging.Moderation.MuteAsync("open", "mod", cancellationToken: Cancel);
        };
        var reply = await mod.RequestAsync("""{"type":"pin","id":2,"channel":"open","sequence":1}""", 2);
        reply.GetProperty("code").GetString().Should().Be("forbidden");
        (await Store.FindAsync("open", "mod", Cancel))!.Head.Version.Should().Be(5);
    }

    private async Task<string> SequencesAsync(string fields)
    {
        var page = await RequestAsync("eve", $$"""{"type":"history","channel":"open","pinned":true{{fields}}}""");
        return $"{string.Join(' ', page.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("sequence")))} {page.GetProperty("more").GetBoolean()}";
    }

    private async Task<long> VersionAsync(string user, string type, long sequence) =>
        (await RequestAsync(user, $$"""{"type":"{{type}}","channel":"open","sequence":{{sequence}}}""")).GetProperty("version").GetInt64();
}
