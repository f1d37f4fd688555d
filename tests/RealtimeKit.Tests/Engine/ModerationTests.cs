using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What moderators and owners do to other users, on two nodes with a broker: what is answered, who receives it, what ends by it.</summary>
public sealed class ModerationTests : TwoNodesTest
{
    private protected override IReadOnlyList<string> UsersHere => ["own", "mod", "mod2"];

    private protected override async Task PrepareAsync()
    {
        foreach (var (channel, kind) in new[] { ("open", ChannelKind.Public), ("closed", ChannelKind.Private) })
        {
            await Here.Messaging.Channels.EnsureAsync(channel, kind, owner: "own", cancellationToken: Cancel);
            await Here.Messaging.Members.AddAsync(channel, "mod", ChannelRole.Moderator, cancellationToken: Cancel);
            await Here.Messaging.Members.AddAsync(channel, "mod2", ChannelRole.Moderator, cancellationToken: Cancel);
            await Here.Messaging.Members.AddAsync(channel, "bob", cancellationToken: Cancel);
        }
    }

    [Theory]
    [InlineData("open")]
    [InlineData("closed")]
    public async Task A_ban_ends_subscriptions_on_every_node_and_keeps_out(string channel)
    {
        (await AskAsync("bob", $$"""{"type":"subscribe","channel":"{{channel}}"}""")).Should().Be("subscribed");
        await AskAsync("own", $$"""{"type":"subscribe","channel":"{{channel}}"}""");
        (await AskAsync("mod", $$"""{"type":"ban","channel":"{{channel}}","user":"bob","reason":"Spam","until":"2099-01-01T00:00:00.000Z"}""")).Should().Be("ok");
        var revoked = await Clients["bob"].WaitForAsync("revoked");
        revoked.GetProperty("reason").GetString().Should().Be("banned");
        var seen = channel == "open" ? "forbidden" : "not_found";
        foreach (var request in new[] { "subscribe", "history", "join", "members", "presence" })
            (await AskAsync("bob", $$"""{"type":"{{request}}","channel":"{{channel}}"}""")).Should().Be(seen, request);
        (await AskAsync("bob", $$$"""{"type":"publish","channel":"{{{channel}}}","message":{"id":"{{{Guid.NewGuid()}}}","text":"x"}}""")).Should().Be(seen);
        (await AskAsync("mod", $$"""{"type":"invite","channel":"{{channel}}","user":"bob"}""")).Should().Be("conflict");
        if (channel == "closed")
            Show(await Clients["own"].WaitForAsync("member")).Should().Be("bob banned by mod until 2099-01-01T00:00:00.000Z");

        var bans = (await RequestAsync("mod2", $$"""{"type":"bans","channel":"{{channel}}"}""")).GetProperty("bans").EnumerateArray().ToList();
        bans.Should().ContainSingle();
        (bans[0].GetProperty("user").GetString(), bans[0].GetProperty("by").GetString(), bans[0].GetProperty("reason").GetString(), bans[0].GetProperty("until").GetString())
            .Should().Be(("bob", "mod", "Spam", "2099-01-01T00:00:00.000Z"));
        (await AskAsync("bob", $$"""{"type":"bans","channel":"{{channel}}"}""")).Should().Be(seen);
        (await AskAsync("mod2", $$"""{"type":"unban","channel":"{{channel}}","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("mod2", $$"""{"type":"unban","channel":"{{channel}}","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("mod", $$"""{"type":"invite","channel":"{{channel}}","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("bob", $$"""{"type":"subscribe","channel":"{{channel}}"}""")).Should().Be("subscribed");
    }

    [Theory]
    [InlineData("open")]
    [InlineData("closed")]
    public async Task Who_is_muted_reads_and_deletes_and_nothing_else(string channel)
    {
        await AskAsync("bob", $$"""{"type":"subscribe","channel":"{{channel}}"}""");
        await AskAsync("own", $$"""{"type":"subscribe","channel":"{{channel}}"}""");
        (await AskAsync("bob", $$$"""{"type":"publish","channel":"{{{channel}}}","message":{"id":"{{{Guid.NewGuid()}}}","text":"x"}}""")).Should().Be("published");
        (await AskAsync("mod", $$"""{"type":"mute","channel":"{{channel}}","user":"bob"}""")).Should().Be("ok");
        Show(await Clients["bob"].WaitForAsync("member")).Should().Be("bob muted member by mod");
        foreach (var frame in new[]
        {
            $$$"""{"type":"publish","channel":"{{{channel}}}","message":{"id":"{{{Guid.NewGuid()}}}","text":"y"}}""",
            $$"""{"type":"edit","channel":"{{channel}}","sequence":1,"text":"y"}""",
            $$"""{"type":"react","channel":"{{channel}}","sequence":1,"reaction":"+"}""",
            $$"""{"type":"signal","channel":"{{channel}}","name":"typing"}""",
        })
            (await AskAsync("bob", frame)).Should().Be("forbidden", frame);
        (await AskAsync("bob", $$"""{"type":"history","channel":"{{channel}}"}""")).Should().Be("history");
        (await RequestAsync("bob", $$"""{"type":"subscribe","channel":"{{channel}}"}""")).GetProperty("muted").GetBoolean().Should().BeTrue();
        (await AskAsync("bob", $$"""{"type":"delete","channel":"{{channel}}","sequence":1}""")).Should().Be("ok");
        var members = (await RequestAsync("own", $$"""{"type":"members","channel":"{{channel}}"}""")).GetProperty("members").EnumerateArray();
        members.Where(member => member.TryGetProperty("muted", out _)).Select(member => member.GetProperty("user").GetString()).Should().Equal("bob");
        (await AskAsync("mod2", $$"""{"type":"unmute","channel":"{{channel}}","user":"bob"}""")).Should().Be("ok");
        Show(await Clients["bob"].WaitForAsync("member")).Should().Be("bob unmuted member by mod2");
        (await AskAsync("bob", $$$"""{"type":"publish","channel":"{{{channel}}}","message":{"id":"{{{Guid.NewGuid()}}}","text":"z"}}""")).Should().Be("published");
        // The others of a public channel are told nothing.
        await Here.Messaging.Messages.SendAsync(channel, "last", cancellationToken: Cancel);
        var others = new List<string>();
        for (JsonElement frame; (frame = (await Clients["own"].ReadAsync())!.Value).GetRawText().Contains("last", StringComparison.Ordinal) == false;)
            if (frame.GetProperty("type").GetString() == "member") others.Add(frame.GetProperty("change").GetString()!);
        others.Should().Equal(channel == "open" ? [] : ["muted", "unmuted"]);
    }

    [Fact]
    public async Task A_removed_user_of_a_public_channel_loses_the_subscription_and_may_come_again()
    {
        await AskAsync("bob", """{"type":"subscribe","channel":"open"}""");
        await AskAsync("eve", """{"type":"subscribe","channel":"open"}""");
        (await AskAsync("mod", """{"type":"remove","channel":"open","user":"bob","reason":"x"}""")).Should().Be("ok");
        (await Clients["bob"].WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
        (await AskAsync("bob", """{"type":"subscribe","channel":"open"}""")).Should().Be("subscribed");
        // Who is no member is not removed.
        (await AskAsync("mod", """{"type":"remove","channel":"open","user":"eve"}""")).Should().Be("ok");
        (await AskAsync("eve", """{"type":"unsubscribe","channel":"open"}""")).Should().Be("ok");
    }

    [Theory]
    // Rank: the caller must be above the other; who is no member ranks as a member.
    [InlineData("mod", "ban", "bob", "ok")]
    [InlineData("mod", "ban", "eve", "ok")]
    [InlineData("mod", "ban", "mod2", "forbidden")]
    [InlineData("mod", "mute", "own", "forbidden")]
    [InlineData("own", "mute", "mod", "ok")]
    [InlineData("own", "remove", "mod", "ok")]
    [InlineData("bob", "mute", "eve", "forbidden")]
    [InlineData("bob", "remove", "eve", "forbidden")]
    [InlineData("bob", "unban", "eve", "forbidden")]
    [InlineData("mod", "unmute", "mod2", "forbidden")]
    [InlineData("mod", "unmute", "bob", "ok")]
    // Oneself.
    [InlineData("mod", "ban", "mod", "invalid")]
    [InlineData("bob", "unmute", "bob", "invalid")]
    [InlineData("bob", "remove", "bob", "invalid")]
    // Invitations and roles.
    [InlineData("mod", "invite", "eve", "ok")]
    [InlineData("mod", "invite\",\"role\":\"member", "eve", "ok")]
    [InlineData("mod", "invite\",\"role\":\"moderator", "eve", "forbidden")]
    [InlineData("own", "invite\",\"role\":\"owner", "eve", "ok")]
    [InlineData("own", "invite\",\"role\":\"king", "eve", "invalid")]
    [InlineData("own", "setRole\",\"role\":\"moderator", "bob", "ok")]
    [InlineData("own", "setRole\",\"role\":\"owner", "mod", "ok")]
    [InlineData("own", "setRole\",\"role\":\"member", "own", "conflict")]
    [InlineData("own", "setRole", "bob", "invalid")]
    [InlineData("mod", "setRole\",\"role\":\"member", "bob", "forbidden")]
    // Form.
    [InlineData("mod", "ban\",\"until\":\"2001-01-01T00:00:00.000Z", "bob", "invalid")]
    [InlineData("mod", "ban\",\"until\":\"2099-01-01T00:00:00.000", "bob", "invalid")]
    [InlineData("mod", "ban\",\"until\":\"tomorrow", "bob", "invalid")]
    [InlineData("mod", "mute\",\"until\":\"2099-01-01T00:00:00+01:00", "bob", "ok")]
    [InlineData("mod", "ban", " bob", "invalid")]
    public async Task Who_may_what(string caller, string type, string user, string expected)
    {
        foreach (var channel in new[] { "open", "closed" })
            (await AskAsync(caller, $$"""{"type":"{{type}}","channel":"{{channel}}","user":"{{user}}"}""")).Should().Be(expected, channel);
    }

    [Fact]
    public async Task Members_invite_into_public_channels_and_strangers_into_none()
    {
        (await AskAsync("bob", """{"type":"invite","channel":"open","user":"zoe"}""")).Should().Be("ok");
        (await AskAsync("bob", """{"type":"invite","channel":"closed","user":"zoe"}""")).Should().Be("forbidden");
        (await AskAsync("eve", """{"type":"invite","channel":"open","user":"zoe"}""")).Should().Be("forbidden");
        foreach (var type in new[] { "invite", "ban", "unban", "mute", "unmute", "remove", "bans" })
            foreach (var channel in new[] { "closed", "nowhere" })
                (await AskAsync("eve", $$"""{"type":"{{type}}","channel":"{{channel}}","user":"bob"}""")).Should().Be("not_found", type);
        (await AskAsync("own", $$"""{"type":"ban","channel":"open","user":"zoe","reason":"{{new string('x', 201)}}"}""")).Should().Be("too_large");
        (await AskAsync("own", $$"""{"type":"ban","channel":"open","user":"zoe","reason":"{{new string('x', 200)}}"}""")).Should().Be("ok");
    }

    [Fact]
    public async Task A_direct_channel_has_no_moderation()
    {
        var channel = (await Here.Messaging.Channels.EnsureDirectAsync("own", "bob", Cancel)).Channel;
        foreach (var type in new[] { "invite", "ban", "unban", "mute", "unmute", "remove", "bans", "actions", "setRole\",\"role\":\"owner" })
            (await AskAsync("own", $$"""{"type":"{{type}}","channel":"{{channel}}","user":"bob"}""")).Should().Be("forbidden", type);
    }

    [Fact]
    public async Task What_moderators_do_is_listed_for_moderators()
    {
        await Here.Messaging.Messages.SendAsync("closed", "x", "bob", Cancel);
        foreach (var frame in new[]
        {
            """{"type":"invite","channel":"closed","user":"eve"}""", """{"type":"mute","channel":"closed","user":"eve","reason":"loud","until":"2099-01-01T00:00:00.000Z"}""",
            """{"type":"delete","channel":"closed","sequence":1}""", """{"type":"update","channel":"closed","name":"N","slowMode":2}""", """{"type":"remove","channel":"closed","user":"eve","reason":"gone"}""",
        })
            (await AskAsync("mod", frame)).Should().Be("ok", frame);
        var actions = (await RequestAsync("own", """{"type":"actions","channel":"closed","limit":3}""")).GetRawText();
        actions.Should().MatchRegex(
            """,.actions":\[\{"time":"[^"]+","by":"mod","change":"remove","user":"eve","reason":"gone"\},\{"time":"[^"]+","by":"mod","change":"update","data":\{"name":"N","slowMode":2\}\},\{"time":"[^"]+","by":"mod","change":"delete","user":"bob","sequence":1\}\],"more":true,"next":"[0-9]+"\}$""");
        var next = JsonDocument.Parse(actions).RootElement.GetProperty("next").GetString();
        (await RequestAsync("mod2", $$"""{"type":"actions","channel":"closed","before":"{{next}}"}""")).GetRawText().Should().MatchRegex(
            """,.change":"mute","user":"eve","until":"2099-01-01T00:00:00.000Z","reason":"loud"\},\{"time":"[^"]+","by":"mod","change":"invite","user":"eve","role":"member"\}\],"more":false\}$""");
        (await AskAsync("bob", """{"type":"actions","channel":"closed"}""")).Should().Be("forbidden");
        (await AskAsync("eve", """{"type":"actions","channel":"closed"}""")).Should().Be("not_found");
        (await AskAsync("own", """{"type":"actions","channel":"closed","before":"x"}""")).Should().Be("invalid");
        var page = await Here.Messaging.Moderation.ListActionsAsync("closed", cancellationToken: Cancel);
        (page.Actions.Count, page.Next, page.Actions[0].Reason).Should().Be((5, null, "gone"));
    }

    [Fact]
    public async Task A_page_of_actions_stays_under_1_MiB()
    {
        for (var number = 0; number < 200; number++)
            (await AskAsync("own", $$$"""{"type":"update","channel":"open","data":{"a":"{{{new string('x', 8_000)}}}{{{number}}}"}}""")).Should().Be("ok");
        var reply = await RequestAsync("own", """{"type":"actions","channel":"open","limit":200}""");
        reply.GetRawText().Length.Should().BeLessThan(ProtocolConstants.MaxMessageBytes);
        var seen = reply.GetProperty("actions").GetArrayLength();
        reply.GetProperty("more").GetBoolean().Should().BeTrue();
        reply = await RequestAsync("own", $$"""{"type":"actions","channel":"open","limit":200,"before":"{{reply.GetProperty("next").GetString()}}"}""");
        (seen + reply.GetProperty("actions").GetArrayLength()).Should().Be(200);
    }

    [Fact]
    public async Task The_applications_own_code_moderates_as_well()
    {
        await AskAsync("bob", """{"type":"subscribe","channel":"open"}""");
        (await Here.Messaging.Moderation.MuteAsync("open", "bob", TimeProvider.System.GetUtcNow().AddHours(1), "x", cancellationToken: Cancel)).Should().BeTrue();
        (await Clients["bob"].WaitForAsync("member")).TryGetProperty("by", out _).Should().BeFalse();
        (await AskAsync("bob", $$$"""{"type":"publish","channel":"open","message":{"id":"{{{Guid.NewGuid()}}}","text":"y"}}""")).Should().Be("forbidden");
        (await Here.Messaging.Moderation.UnmuteAsync("open", "bob", cancellationToken: Cancel)).Should().BeTrue();
        (await Here.Messaging.Moderation.UnmuteAsync("open", "bob", cancellationToken: Cancel)).Should().BeFalse();
        (await Here.Messaging.Moderation.BanAsync("open", "bob", cancellationToken: Cancel)).Should().BeTrue();
        (await Clients["bob"].WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("banned");
        (await Here.Messaging.Moderation.ListBansAsync("open", cancellationToken: Cancel)).Bans.Should().ContainSingle(ban => ban.User == "bob" && ban.By == null);
        (await RequestAsync("mod", """{"type":"bans","channel":"open"}""")).GetProperty("bans")[0].GetProperty("by").GetString().Should().Be("system");
        await FluentActions.Awaiting(() => Here.Messaging.Members.AddAsync("open", "bob", cancellationToken: Cancel)).Should().ThrowAsync<UserBannedException>();
        await FluentActions.Awaiting(() => Here.Messaging.Moderation.BanAsync("open", "own", cancellationToken: Cancel)).Should().ThrowAsync<LastOwnerException>();
        await FluentActions.Awaiting(() => Here.Messaging.Moderation.MuteAsync("nowhere", "own", cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        await FluentActions.Awaiting(() => Here.Messaging.Moderation.MuteAsync("open", "bob", DateTimeOffset.UnixEpoch, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => Here.Messaging.Moderation.MuteAsync("open", "bob", null, new string('x', 201), cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        (await Here.Messaging.Moderation.UnbanAsync("open", "bob", cancellationToken: Cancel)).Should().BeTrue();
    }

    [Fact]
    public async Task A_mute_ends_by_itself()
    {
        await Here.Messaging.Moderation.MuteAsync("open", "bob", TimeProvider.System.GetUtcNow().AddSeconds(1), cancellationToken: Cancel);
        var id = Guid.NewGuid();
        string answer;
        do answer = await AskAsync("bob", $$$"""{"type":"publish","channel":"open","message":{"id":"{{{id}}}","text":"y"}}""");
        while (answer == "forbidden");
        answer.Should().Be("published");
        (await RequestAsync("bob", """{"type":"subscribe","channel":"open"}""")).TryGetProperty("muted", out _).Should().BeFalse();
        (await RequestAsync("bob", """{"type":"members","channel":"open"}""")).GetRawText().Should().NotContain("muted");
    }

    private static string Show(JsonElement frame) => string.Join(' ', new[]
    {
        frame.GetProperty("user").GetString(), frame.GetProperty("change").GetString(), Text(frame, "role", ""), Text(frame, "by", "by "), Text(frame, "until", "until "),
    }.Where(part => part is not null));

    private static string? Text(JsonElement frame, string name, string prefix) => frame.TryGetProperty(name, out var value) ? prefix + value.GetString() : null;
}
