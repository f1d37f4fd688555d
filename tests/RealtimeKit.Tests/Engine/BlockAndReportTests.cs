using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Blocks, reports and the directory, on two nodes that do not hear each other.</summary>
public sealed class BlockAndReportTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly Dictionary<string, TestClient> _clients = [];
    private TestNode _here = null!;
    private TestNode _there = null!;
    private string _direct = "";
    private long _id = 10;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(), await StartAsync());
        foreach (var user in new[] { "ann", "own", "mod" }) _clients.Add(user, await _here.ConnectAsync(user));
        foreach (var user in new[] { "bob", "eve" }) _clients.Add(user, await _there.ConnectAsync(user));
        _direct = (await _here.Messaging.Channels.EnsureDirectAsync("ann", "bob", Cancel)).Channel;
        foreach (var kind in new[] { ChannelKind.Public, ChannelKind.Private })
        {
            var channel = kind == ChannelKind.Public ? "open" : "hidden";
            await _here.Messaging.Channels.EnsureAsync(channel, kind, owner: "own", cancellationToken: Cancel);
            await _here.Messaging.Members.AddAsync(channel, "mod", ChannelRole.Moderator, cancellationToken: Cancel);
            await _here.Messaging.Members.AddAsync(channel, "bob", cancellationToken: Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values) await client.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task Once_a_block_is_answered_the_blocked_one_changes_nothing_on_any_node()
    {
        (await AskAsync("bob", $$"""{"type":"subscribe","channel":"{{_direct}}"}""")).Should().Be("subscribed");
        (await PublishAsync("bob", _direct)).Should().Be("published", "the node has asked for bob's rights");
        (await PublishAsync("ann", _direct)).Should().Be("published");
        (await AskAsync("ann", """{"type":"block","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("ann", """{"type":"block","user":"bob"}""")).Should().Be("ok");
        (await PublishAsync("bob", _direct)).Should().Be("forbidden");
        foreach (var frame in new[]
        {
            $$"""{"type":"edit","channel":"{{_direct}}","sequence":1,"text":"y"}""", $$"""{"type":"react","channel":"{{_direct}}","sequence":2,"reaction":"+"}""",
            $$"""{"type":"signal","channel":"{{_direct}}","name":"typing"}""", $$"""{"type":"update","channel":"{{_direct}}","data":{"a":1} }""",
        })
            (await AskAsync("bob", frame)).Should().Be("forbidden", frame);
        (await _store.FindAsync(_direct, "ann", Cancel))!.Head.Version.Should().Be(2);
        foreach (var frame in new[]
        {
            $$"""{"type":"delete","channel":"{{_direct}}","sequence":1}""", $$"""{"type":"read","channel":"{{_direct}}","sequence":2}""",
            $$"""{"type":"report","channel":"{{_direct}}","sequence":2}""",
        })
            (await AskAsync("bob", frame)).Should().Be("ok", frame);
        (await AskAsync("bob", $$"""{"type":"history","channel":"{{_direct}}"}""")).Should().Be("history");
        (await PublishAsync("bob", "open")).Should().Be("published", "elsewhere a client hides the blocked one itself");
        (await PublishAsync("ann", _direct)).Should().Be("published", "the blocker may write");
        (await RequestAsync("ann", """{"type":"blocked"}""")).GetProperty("users").GetRawText().Should().Be("""["bob"]""");
        (await RequestAsync("bob", """{"type":"blocked"}""")).GetProperty("users").GetRawText().Should().Be("[]");

        (await AskAsync("ann", """{"type":"unblock","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("ann", """{"type":"unblock","user":"bob"}""")).Should().Be("ok");
        (await PublishAsync("bob", _direct)).Should().Be("published");
        // Nothing but events and replies has reached the blocked one.
        await _there.Messaging.Messages.SendAsync(_direct, "last", "ann", Cancel);
        for (JsonElement frame; !(frame = (await _clients["bob"].ReadAsync())!.Value).GetRawText().Contains("last", StringComparison.Ordinal);)
            frame.GetProperty("type").GetString().Should().BeOneOf("event", "changes", "signal", "ping");
    }

    [Fact]
    public async Task A_stored_message_of_the_blocked_one_is_acknowledged_again()
    {
        var id = Guid.NewGuid();
        (await PublishAsync("bob", _direct, id)).Should().Be("published");
        await AskAsync("ann", """{"type":"block","user":"bob"}""");
        (await PublishAsync("bob", _direct, id)).Should().Be("published");
        (await PublishAsync("bob", _direct)).Should().Be("forbidden");
    }

    [Fact]
    public async Task A_blocked_user_makes_no_direct_channel_and_gets_the_one_that_is_there()
    {
        await AskAsync("ann", """{"type":"block","user":"eve"}""");
        (await AskAsync("eve", """{"type":"create","kind":"direct","members":["ann"]}""")).Should().Be("forbidden");
        (await AskAsync("eve", """{"type":"create","kind":"direct","channel":"open","members":["ann"]}""")).Should().Be("forbidden");
        (await AskAsync("eve", """{"type":"create","kind":"private","members":["ann"]}""")).Should().Be("ok");
        (await AskAsync("ann", """{"type":"create","kind":"direct","members":["eve"]}""")).Should().Be("ok");
        var channel = (await RequestAsync("eve", """{"type":"create","kind":"direct","members":["ann"]}""")).GetProperty("channel").GetString();
        (await PublishAsync("eve", channel!)).Should().Be("forbidden");
        (await PublishAsync("ann", channel!)).Should().Be("published");
    }

    [Theory]
    [InlineData("""{"type":"block","user":"ann"}""", "invalid")]
    [InlineData("""{"type":"unblock","user":"ann"}""", "invalid")]
    [InlineData("""{"type":"block","user":" bob"}""", "invalid")]
    [InlineData("""{"type":"block"}""", "invalid")]
    [InlineData("""{"type":"block","user":"nobody|has this name"}""", "ok")]
    [InlineData("""{"type":"unblock","user":"zoe"}""", "ok")]
    [InlineData("""{"type":"directory","before":"x!"}""", "invalid")]
    [InlineData("""{"type":"directory","limit":0}""", "invalid")]
    [InlineData("""{"type":"directory","query":7}""", "invalid")]
    [InlineData("""{"type":"report","channel":"open","sequence":0}""", "invalid")]
    [InlineData("""{"type":"report","channel":"open"}""", "invalid")]
    [InlineData("""{"type":"report","channel":"open","sequence":1}""", "not_found")]
    [InlineData("""{"type":"report","channel":"hidden","sequence":1}""", "not_found")]
    [InlineData("""{"type":"reports","channel":"hidden"}""", "not_found")]
    [InlineData("""{"type":"reports","channel":"open"}""", "forbidden")]
    [InlineData("""{"type":"reports","channel":"open","before":"x"}""", "invalid")]
    [InlineData("""{"type":"resolve","channel":"open","report":"1","state":"open"}""", "forbidden")]
    [InlineData("""{"type":"resolve","channel":"open","report":"1","state":"closed"}""", "invalid")]
    [InlineData("""{"type":"resolve","channel":"open","report":1,"state":"open"}""", "invalid")]
    [InlineData("""{"type":"resolve","channel":"hidden","report":"1","state":"open"}""", "not_found")]
    public async Task Errors(string frame, string expected) => (await AskAsync("ann", frame)).Should().Be(expected);

    [Fact]
    public async Task Lengths_are_limited()
    {
        await _here.Messaging.Messages.SendAsync("open", "x", "bob", Cancel);
        (await AskAsync("ann", $$"""{"type":"report","channel":"open","sequence":1,"reason":"{{new string('x', 1_001)}}"}""")).Should().Be("too_large");
        (await AskAsync("ann", $$"""{"type":"report","channel":"open","sequence":1,"reason":"{{new string('x', 1_000)}}"}""")).Should().Be("ok");
        (await AskAsync("ann", $$"""{"type":"directory","query":"{{new string('x', 201)}}"}""")).Should().Be("too_large");
        (await AskAsync("ann", $$"""{"type":"directory","query":"{{new string('x', 200)}}"}""")).Should().Be("directory");
    }

    [Fact]
    public async Task A_user_blocks_a_thousand_and_not_one_more()
    {
        for (var i = 0; i < 1_000; i++) await _here.Messaging.Users.BlockAsync("ann", $"user{i:0000}", Cancel);
        (await AskAsync("ann", """{"type":"block","user":"bob"}""")).Should().Be("too_many");
        (await AskAsync("ann", """{"type":"block","user":"user0007"}""")).Should().Be("ok");
        (await RequestAsync("ann", """{"type":"blocked"}""")).GetProperty("users").GetArrayLength().Should().Be(1_000);
        await FluentActions.Awaiting(() => _here.Messaging.Users.BlockAsync("ann", "bob", Cancel)).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Mentions_by_the_blocked_do_not_count_while_the_block_holds()
    {
        await _here.Messaging.Members.AddAsync("open", "ann", cancellationToken: Cancel);
        for (var i = 0; i < 3; i++) (await AskAsync(i == 2 ? "mod" : "bob", Mention())).Should().Be("published");
        (await MentionsAsync()).Should().Be((3, 3));
        await AskAsync("ann", """{"type":"block","user":"bob"}""");
        (await MentionsAsync()).Should().Be((3, 1));
        await AskAsync("bob", Mention());
        (await MentionsAsync()).Should().Be((4, 1));
        await AskAsync("ann", """{"type":"unblock","user":"bob"}""");
        (await MentionsAsync()).Should().Be((4, 4));

        static string Mention() => $$$"""{"type":"publish","channel":"open","message":{"id":"{{{Guid.NewGuid()}}}","text":"x","mentions":["ann"]}}""";
        async Task<(long, long)> MentionsAsync()
        {
            var row = (await RequestAsync("ann", """{"type":"channels"}""")).GetProperty("channels").EnumerateArray().Single(one => one.GetProperty("channel").GetString() == "open");
            return (row.GetProperty("unread").GetInt64(), row.GetProperty("mentions").GetInt64());
        }
    }

    [Theory]
    [InlineData("open")]
    [InlineData("hidden")]
    public async Task A_reported_message_is_read_and_resolved_by_moderators(string channel)
    {
        await _here.Messaging.Messages.SendAsync(channel, "rude", "bob", Cancel);
        (await AskAsync("bob", $$"""{"type":"report","channel":"{{channel}}","sequence":1,"reason":"my own"}""")).Should().Be("ok");
        await _here.Messaging.Moderation.MuteAsync(channel, "mod", cancellationToken: Cancel);
        (await AskAsync("mod", $$"""{"type":"report","channel":"{{channel}}","sequence":1,"reason":"later"}""")).Should().Be("ok", "a muted one may report");
        (await AskAsync("bob", $$"""{"type":"edit","channel":"{{channel}}","sequence":1,"text":"nice"}""")).Should().Be("ok");
        (await AskAsync("bob", $$"""{"type":"reports","channel":"{{channel}}"}""")).Should().Be("forbidden");
        (await AskAsync("bob", $$"""{"type":"resolve","channel":"{{channel}}","report":"1","state":"dismissed"}""")).Should().Be("forbidden");
        var report = (await RequestAsync("own", $$"""{"type":"reports","channel":"{{channel}}"}""")).GetProperty("reports").EnumerateArray().Single();
        report.GetProperty("message").GetProperty("text").GetString().Should().Be("rude");
        (report.GetProperty("reporters").GetRawText(), report.GetProperty("reason").GetString(), report.GetProperty("state").GetString())
            .Should().Be(("""["bob","mod"]""", "my own", "open"));
        var id = report.GetProperty("report").GetString();
        (await AskAsync("mod", $$"""{"type":"resolve","channel":"{{channel}}","report":"{{id}}","state":"acted"}""")).Should().Be("ok");
        (await AskAsync("mod", $$"""{"type":"resolve","channel":"{{channel}}","report":"{{id}}","state":"acted"}""")).Should().Be("ok");
        (await AskAsync("mod", $$"""{"type":"resolve","channel":"{{channel}}","report":"77","state":"acted"}""")).Should().Be("not_found");
        (await StateAsync()).Should().Be("acted");
        (await AskAsync("bob", $$"""{"type":"report","channel":"{{channel}}","sequence":1}""")).Should().Be("ok");
        (await StateAsync()).Should().Be("acted", "the same again is nothing new");
        (await AskAsync("own", $$"""{"type":"report","channel":"{{channel}}","sequence":1}""")).Should().Be("ok");
        (await StateAsync()).Should().Be("open", "a new reporter opens it again");
        var actions = (await RequestAsync("own", $$"""{"type":"actions","channel":"{{channel}}"}""")).GetProperty("actions").GetRawText();
        actions.Should().MatchRegex("""^\[\{"time":"[^"]+","by":"mod","change":"resolve","data":\{"report":"1","state":"acted"\}\}\]$""");

        await AskAsync("bob", $$"""{"type":"delete","channel":"{{channel}}","sequence":1}""");
        (await AskAsync("mod", $$"""{"type":"report","channel":"{{channel}}","sequence":1}""")).Should().Be("conflict");
        (await _here.Messaging.Moderation.ResolveReportAsync(channel, "1", ReportState.Dismissed, "mod", Cancel)).Should().BeTrue();
        (await _here.Messaging.Moderation.ResolveReportAsync(channel, "1", ReportState.Dismissed, cancellationToken: Cancel)).Should().BeFalse();
        (await _here.Messaging.Moderation.ListActionsAsync(channel, cancellationToken: Cancel)).Actions.Should().HaveCount(2).And.OnlyContain(action => action.Change == "resolve" && action.By == "mod");
        (await _here.Messaging.Moderation.ListReportsAsync(channel, cancellationToken: Cancel)).Reports.Should().ContainSingle(one => one.Message.Content.Text == "rude");
        await FluentActions.Awaiting(() => _here.Messaging.Moderation.ReportAsync(channel, 1, "zoe", cancellationToken: Cancel)).Should().ThrowAsync<MessageNotFoundException>();

        async Task<string?> StateAsync() =>
            (await RequestAsync("own", $$"""{"type":"reports","channel":"{{channel}}"}""")).GetProperty("reports")[0].GetProperty("state").GetString();
    }

    [Fact]
    public async Task Reports_of_a_direct_channel_are_for_the_application()
    {
        await _here.Messaging.Messages.SendAsync(_direct, "rude", "bob", Cancel);
        (await AskAsync("ann", $$"""{"type":"report","channel":"{{_direct}}","sequence":1}""")).Should().Be("ok");
        (await AskAsync("ann", $$"""{"type":"reports","channel":"{{_direct}}"}""")).Should().Be("forbidden");
        (await AskAsync("ann", $$"""{"type":"resolve","channel":"{{_direct}}","report":"1","state":"acted"}""")).Should().Be("forbidden");
        (await _here.Messaging.Moderation.ListReportsAsync(_direct, cancellationToken: Cancel)).Reports.Should().ContainSingle();
    }

    [Fact]
    public async Task Pages_of_reports_stay_under_1_MiB()
    {
        const int messages = 30;
        for (var i = 1; i <= messages; i++)
        {
            await _here.Messaging.Messages.SendAsync("open", new OutgoingMessage { Text = "x", Data = JsonValue.Parse($"\"{new string('x', 60_000)}\"") }, "bob", Cancel);
            await _here.Messaging.Moderation.ReportAsync("open", i, "eve", cancellationToken: Cancel);
        }

        var seen = 0;
        string? next = null;
        do
        {
            var reply = await RequestAsync("own", next is null ? """{"type":"reports","channel":"open","limit":200}""" : $$"""{"type":"reports","channel":"open","limit":200,"before":"{{next}}"}""");
            reply.GetRawText().Length.Should().BeLessThan(ProtocolConstants.MaxMessageBytes);
            seen += reply.GetProperty("reports").GetArrayLength();
            next = reply.GetProperty("more").GetBoolean() ? reply.GetProperty("next").GetString() : null;
        }
        while (next is not null);
        seen.Should().Be(messages);
    }

    [Fact]
    public async Task The_directory_lists_public_channels_that_one_may_see()
    {
        await _here.Messaging.Channels.UpdateAsync("open", new ChannelEdit { Name = "The open Room", Data = JsonValue.Parse("""{"a":1}""") }, cancellationToken: Cancel);
        await _here.Messaging.Channels.UpdateAsync("hidden", new ChannelEdit { Name = "The hidden Room" }, cancellationToken: Cancel);
        for (var i = 0; i < 5; i++) await _here.Messaging.Channels.EnsureAsync($"room{i}", name: $"room {i}", cancellationToken: Cancel);
        (await RequestAsync("eve", """{"type":"directory","query":"ROO op"}""")).GetProperty("channels").GetRawText()
            .Should().Be("""[{"channel":"open","name":"The open Room","data":{"a":1},"members":3,"sequence":0}]""");
        var page = await RequestAsync("eve", """{"type":"directory","query":"room","limit":3}""");
        Names(page).Should().Equal("room0", "room1", "room2");
        page = await RequestAsync("eve", $$"""{"type":"directory","query":"room","limit":3,"before":"{{page.GetProperty("next").GetString()}}"}""");
        Names(page).Should().Equal("room3", "room4", "open");
        (page.GetProperty("more").GetBoolean(), page.TryGetProperty("next", out _)).Should().Be((false, false));
        await _here.Messaging.Moderation.BanAsync("room1", "eve", cancellationToken: Cancel);
        Names(await RequestAsync("eve", """{"type":"directory","query":""}""")).Should().Equal("room0", "room2", "room3", "room4", "open");
        (await _here.Messaging.Channels.ListDirectoryAsync("hidden", cancellationToken: Cancel)).Channels.Should().BeEmpty();

        static IEnumerable<string?> Names(JsonElement page) => page.GetProperty("channels").EnumerateArray().Select(one => one.GetProperty("channel").GetString());
    }

    [Fact]
    public async Task The_directory_asks_the_hosts_rules_and_its_pages_stay_under_1_MiB()
    {
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.UseInMemoryStore();
            builder.Services.AddSingleton<IChannelAuthorizer, EvenRoomsAlone>();
        });
        for (var i = 0; i < 200; i++)
        {
            await node.Messaging.Channels.EnsureAsync($"room{i:000}", name: $"room {i:000}", cancellationToken: Cancel);
            await node.Messaging.Channels.UpdateAsync($"room{i:000}", new ChannelEdit { Data = JsonValue.Parse($$"""{"a":"{{new string('x', 8_100)}}"}""") }, cancellationToken: Cancel);
        }

        await using var ann = await node.ConnectAsync("ann");
        var seen = new List<string?>();
        string? next = null;
        for (var id = 5; ; id++)
        {
            var reply = await ann.RequestAsync(next is null ? $$"""{"type":"directory","id":{{id}},"limit":200}""" : $$"""{"type":"directory","id":{{id}},"limit":200,"before":"{{next}}"}""", id);
            reply.GetRawText().Length.Should().BeLessThan(ProtocolConstants.MaxMessageBytes);
            seen.AddRange(reply.GetProperty("channels").EnumerateArray().Select(one => one.GetProperty("channel").GetString()));
            if (!reply.GetProperty("more").GetBoolean()) break;
            next = reply.GetProperty("next").GetString();
        }

        seen.Should().Equal(Enumerable.Range(0, 200).Where(i => i % 10 != 1).Select(i => $"room{i:000}"));
    }

    [Fact]
    public async Task Every_node_has_the_feature()
    {
        await using var client = new TestClient(_here.Transport.Connect("zoe"));
        var connected = await client.RequestAsync("""{"type":"connect","id":1}""", 1);
        connected.GetProperty("features").EnumerateArray().Select(one => one.GetString()).Should().Contain("moderation");
    }

    private async Task<string> PublishAsync(string user, string channel, Guid? id = null) =>
        await AskAsync(user, $$$"""{"type":"publish","channel":"{{{channel}}}","message":{"id":"{{{id ?? Guid.NewGuid()}}}","text":"x"}}""");

    private Task<TestNode> StartAsync() => TestNode.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_store);
        },
        options => options.RepairInterval = TimeSpan.FromMinutes(10));

    private async Task<JsonElement> RequestAsync(string user, string frame)
    {
        var id = ++_id;
        return await _clients[user].RequestAsync($$"""{"id":{{id}},{{frame[1..]}}""", id);
    }

    /// <summary>The reply's type, or an error's code.</summary>
    private async Task<string> AskAsync(string user, string frame)
    {
        var reply = await RequestAsync(user, frame);
        return (reply.TryGetProperty("code", out var code) ? code : reply.GetProperty("type")).GetString()!;
    }

    /// <summary>Hides every tenth public channel.</summary>
    private sealed class EvenRoomsAlone : IChannelAuthorizer
    {
        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(request.Channel.EndsWith('1') ? Access.Hidden : Access.Allowed);
    }
}
