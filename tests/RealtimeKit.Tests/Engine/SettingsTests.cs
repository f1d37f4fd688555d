using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>The settings of channels, on two nodes: who may change them, who receives them, and what closed channels and slow mode forbid.</summary>
public sealed class SettingsTests : TwoNodesTest
{
    private protected override async Task PrepareAsync()
    {
        await Here.Messaging.Channels.EnsureAsync("open", ChannelKind.Public, "Name", "own", cancellationToken: Cancel);
        await Here.Messaging.Members.AddAsync("open", "mod", ChannelRole.Moderator, cancellationToken: Cancel);
        await Here.Messaging.Members.AddAsync("open", "bob", cancellationToken: Cancel);
    }

    [Fact]
    public async Task Subscribers_of_every_node_receive_the_settings_as_they_now_are()
    {
        var first = await RequestAsync("bob", """{"type":"subscribe","channel":"open"}""");
        (first.GetProperty("kind").GetString(), first.GetProperty("name").GetString()).Should().Be(("public", "Name"));
        first.TryGetProperty("closed", out _).Should().BeFalse();
        await AskAsync("own", """{"type":"subscribe","channel":"open"}""");
        foreach (var (caller, fields, expected) in new[]
        {
            ("mod", "\"name\":\"Other\",\"data\":{\"topic\": [1, 2]}", "\"name\":\"Other\",\"data\":{\"topic\":[1,2]}"),
            ("mod", "\"slowMode\":5,\"name\":null", "\"data\":{\"topic\":[1,2]},\"slowMode\":5"),
            ("own", "\"closed\":true,\"data\":null,\"slowMode\":0", "\"closed\":true"),
            ("own", "\"closed\":false,\"name\":\"\"", "\"name\":\"\""),
        })
        {
            (await AskAsync(caller, $$"""{"type":"update","channel":"open",{{fields}}}""")).Should().Be("ok", fields);
            foreach (var reader in new[] { "own", "bob" })
                (await Clients[reader].WaitForAsync("channel")).GetRawText().Should().Be($$"""{"type":"channel","channel":"open",{{expected}}}""");
        }

        // Nothing new, no frame.
        foreach (var fields in new[] { "\"closed\":false", "\"slowMode\":null", "\"name\":\"\",\"slowMode\":0", "\"x\":1" })
            (await AskAsync("own", $$"""{"type":"update","channel":"open",{{fields}}}""")).Should().Be("ok");
        await Here.Messaging.Messages.SendAsync("open", "last", cancellationToken: Cancel);
        for (JsonElement frame; (frame = (await Clients["bob"].ReadAsync())!.Value).GetProperty("type").GetString() != "event";)
            frame.GetProperty("type").GetString().Should().NotBe("channel");
        (await Here.Messaging.Channels.UpdateAsync("open", new ChannelEdit { Name = "By the host", Data = JsonValue.Parse("{ }") }, cancellationToken: Cancel))
            .Should().Be(new ChannelSettings("By the host", JsonValue.Parse("{}")));
        (await Clients["bob"].WaitForAsync("channel")).GetRawText().Should().Be("""{"type":"channel","channel":"open","name":"By the host","data":{}}""");
        (await Here.Messaging.Channels.GetAsync("open", Cancel))!.Settings.Name.Should().Be("By the host");
        var row = (await RequestAsync("bob", """{"type":"channels"}""")).GetProperty("channels")[0];
        (row.GetProperty("name").GetString(), row.GetProperty("data").GetRawText()).Should().Be(("By the host", "{}"));
    }

    [Theory]
    [InlineData("bob", "\"name\":\"x\"", "forbidden")]
    [InlineData("eve", "\"slowMode\":1", "forbidden")]
    [InlineData("mod", "\"closed\":true", "forbidden")]
    [InlineData("mod", "\"closed\":false,\"name\":\"x\"", "forbidden")]
    [InlineData("mod", "\"closed\":null,\"name\":\"x\"", "ok")]
    [InlineData("own", "\"data\":[1]", "invalid")]
    [InlineData("own", "\"data\":\"x\"", "invalid")]
    [InlineData("own", "\"slowMode\":-1", "invalid")]
    [InlineData("own", "\"slowMode\":3601", "invalid")]
    [InlineData("own", "\"slowMode\":1.0", "invalid")]
    [InlineData("own", "\"closed\":1", "invalid")]
    [InlineData("own", "\"slowMode\":3600", "ok")]
    [InlineData("own", "\"name\":5", "invalid")]
    [InlineData("bob", "\"closed\":1", "invalid")]
    public async Task Who_may_update_what(string caller, string fields, string expected)
    {
        (await AskAsync(caller, $$"""{"type":"update","channel":"open",{{fields}}}""")).Should().Be(expected);
        if (expected != "ok") (await Here.Messaging.Channels.GetAsync("open", Cancel))!.Settings.Should().Be(new ChannelSettings("Name"));
        if (caller == "eve") (await AskAsync(caller, $$"""{"type":"update","channel":"nowhere",{{fields}}}""")).Should().Be("not_found");
    }

    [Theory]
    [InlineData(8_192, "ok")]
    [InlineData(8_193, "too_large")]
    public async Task Data_is_measured_without_white_space(int bytes, string expected)
    {
        var value = new string('x', bytes - """{"a":""}""".Length);
        (await AskAsync("own", $$$"""{"type":"update","channel":"open","data":{   "a"  :  "{{{value}}}"  }}""")).Should().Be(expected);
        (await AskAsync("own", $$$"""{"type":"create","kind":"public","channel":"new","data":{ "a":"{{{value}}}" }}""")).Should().Be(expected);
        (await AskAsync("own", $$"""{"type":"update","channel":"open","name":"{{new string('n', 65)}}"}""")).Should().Be("too_large");
        (await AskAsync("own", """{"type":"create","kind":"public","channel":"other","data":7}""")).Should().Be("invalid");
    }

    [Fact]
    public async Task A_channel_without_an_owner_is_updated_and_pinned_by_the_host_alone()
    {
        await Here.Messaging.Channels.EnsureAsync("hosts", cancellationToken: Cancel);
        await Here.Messaging.Members.AddAsync("hosts", "mod", ChannelRole.Moderator, cancellationToken: Cancel);
        await Here.Messaging.Messages.SendAsync("hosts", "x", "bob", Cancel);
        var frames = new[] { """{"type":"update","channel":"hosts","name":"Theirs"}""", """{"type":"pin","channel":"hosts","sequence":1}""" };
        foreach (var frame in frames) (await AskAsync("mod", frame)).Should().Be("forbidden", frame);
        (await AskAsync("mod", """{"type":"mute","channel":"hosts","user":"bob"}""")).Should().Be("ok", "the rest of a moderator's rights stay");

        (await Here.Messaging.Channels.UpdateAsync("hosts", new ChannelEdit { Name = "Ours" }, cancellationToken: Cancel)).Name.Should().Be("Ours");
        await Here.Messaging.Messages.PinAsync("hosts", 1, "mod", cancellationToken: Cancel);
        await Here.Messaging.Members.AddAsync("hosts", "own", ChannelRole.Owner, cancellationToken: Cancel);
        foreach (var frame in frames) (await AskAsync("mod", frame)).Should().Be("ok", frame);
    }

    [Fact]
    public async Task In_a_closed_channel_only_owners_write()
    {
        foreach (var user in new[] { "own", "mod", "bob" })
            (await AskAsync(user, Publish(Guid.NewGuid()))).Should().Be("published");
        (await AskAsync("own", """{"type":"update","channel":"open","closed":true}""")).Should().Be("ok");
        foreach (var user in new[] { "mod", "bob", "eve" })
        {
            foreach (var frame in new[]
            {
                Publish(Guid.NewGuid()), """{"type":"edit","channel":"open","sequence":3,"text":"y"}""", """{"type":"delete","channel":"open","sequence":3}""",
                """{"type":"react","channel":"open","sequence":1,"reaction":"+"}""", """{"type":"signal","channel":"open","name":"typing"}""",
            })
                (await AskAsync(user, frame)).Should().Be("forbidden", $"{user} {frame}");
            (await AskAsync(user, """{"type":"history","channel":"open"}""")).Should().Be("history");
            (await AskAsync(user, """{"type":"read","channel":"open","sequence":1}""")).Should().Be("ok");
            (await AskAsync(user, """{"type":"join","channel":"open"}""")).Should().Be("ok");
        }

        (await AskAsync("mod", """{"type":"mute","channel":"open","user":"bob"}""")).Should().Be("ok");
        (await AskAsync("own", Publish(Guid.NewGuid()))).Should().Be("published");
        (await AskAsync("own", """{"type":"delete","channel":"open","sequence":3}""")).Should().Be("ok");
        (await RequestAsync("eve", """{"type":"subscribe","channel":"open"}""")).GetProperty("closed").GetBoolean().Should().BeTrue();
        (await AskAsync("own", """{"type":"update","channel":"open","closed":false}""")).Should().Be("ok");
        (await AskAsync("mod", Publish(Guid.NewGuid()))).Should().Be("published");
    }

    [Fact]
    public async Task Slow_mode_holds_for_users_below_moderator_on_all_nodes()
    {
        (await AskAsync("mod", """{"type":"update","channel":"open","slowMode":60}""")).Should().Be("ok");
        var first = Guid.NewGuid();
        (await AskAsync("bob", Publish(first))).Should().Be("published");
        await using var elsewhere = await Here.ConnectAsync("bob");
        var refused = await elsewhere.RequestAsync($$"""{"id":5,{{Publish(Guid.NewGuid())[1..]}}""", 5);
        refused.GetProperty("code").GetString().Should().Be("rate_limited");
        refused.GetProperty("retryAfter").GetInt32().Should().BeInRange(50_000, 60_000);
        (await AskAsync("bob", Publish(first))).Should().Be("published", "a copy is free");
        (await AskAsync("bob", """{"type":"edit","channel":"open","sequence":1,"text":"y"}""")).Should().Be("ok");
        // What was sent at once is refused in order.
        await Clients["eve"].SendAsync(string.Join('\n', Enumerable.Range(1, 3).Select(number => $$"""{"id":{{number + 1_000}},{{Publish(Guid.NewGuid())[1..]}}""")));
        (await Clients["eve"].ReplyAsync(1_001)).GetProperty("type").GetString().Should().Be("published", "who is no member may post, but slowly");
        foreach (var number in new[] { 1_002, 1_003 })
            (await Clients["eve"].ReplyAsync(number)).GetProperty("code").GetString().Should().Be("rate_limited");
        for (var post = 0; post < 3; post++)
            foreach (var user in new[] { "mod", "own" })
                (await AskAsync(user, Publish(Guid.NewGuid()))).Should().Be("published");
        (await AskAsync("mod", """{"type":"update","channel":"open","slowMode":0}""")).Should().Be("ok");
        (await AskAsync("bob", Publish(Guid.NewGuid()))).Should().Be("published");
    }

    [Fact]
    public async Task Of_a_direct_channel_only_the_data_can_be_changed()
    {
        var channel = (await Here.Messaging.Channels.EnsureDirectAsync("own", "bob", Cancel)).Channel;
        foreach (var user in new[] { "own", "bob" })
            (await AskAsync(user, $$$"""{"type":"update","channel":"{{{channel}}}","data":{"by":"{{{user}}}"}}""")).Should().Be("ok");
        foreach (var fields in new[] { "\"name\":\"x\"", "\"name\":null", "\"closed\":false", "\"slowMode\":1", "\"slowMode\":0,\"data\":{}" })
            (await AskAsync("own", $$"""{"type":"update","channel":"{{channel}}",{{fields}}}""")).Should().Be("forbidden", fields);
        (await AskAsync("eve", $$$"""{"type":"update","channel":"{{{channel}}}","data":{}}""")).Should().Be("not_found");
        (await Here.Messaging.Channels.GetAsync(channel, Cancel))!.Settings.Data!.ToString().Should().Be("""{"by":"bob"}""");
    }

    [Fact]
    public async Task The_hosts_settings_are_checked()
    {
        foreach (var edit in new[]
        {
            new ChannelEdit { Name = new string('x', 65) }, new ChannelEdit { SlowMode = -1 }, new ChannelEdit { SlowMode = 3_601 },
            new ChannelEdit { Data = JsonValue.Parse("[]") }, new ChannelEdit { Data = JsonValue.Parse($$"""{"a":"{{new string('x', 8_192)}}"}""") },
        })
            await FluentActions.Awaiting(() => Here.Messaging.Channels.UpdateAsync("open", edit, cancellationToken: Cancel)).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => Here.Messaging.Channels.UpdateAsync("nowhere", new ChannelEdit { Closed = true }, cancellationToken: Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
        (await Here.Messaging.Channels.UpdateAsync("open", new ChannelEdit { Remove = ChannelParts.Name }, cancellationToken: Cancel)).Should().Be(new ChannelSettings());
    }

    private static string Publish(Guid id) => $$$"""{"type":"publish","channel":"open","message":{"id":"{{{id}}}","text":"x"}}""";
}
