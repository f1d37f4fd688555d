using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`connect`, what comes before it and behind it, and `refresh`.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ConnectTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Connected_tells_the_connection_the_user_and_the_limits()
    {
        var name = NewName("ann");
        var ann = await OpenAsync(name);
        var connected = await ann.RequestAsync("connect", new { client = new { name = "tests", version = "1.0" } });
        connected.ShouldBe("connected");
        connected.Text("connection").Should().NotBeEmpty();
        connected.Text("user").Should().Be(name);
        connected.Text("node").Should().NotBeEmpty();
        connected.Time("time");
        connected.Number("heartbeat").Should().Be(25_000);
        if (connected.Has("expires")) connected.Time("expires");
        var limits = connected.Field("limits");
        limits.Number("messageBytes").Should().Be(65_536);
        limits.Number("textLength").Should().Be(8_000);
        limits.Number("channels").Should().BePositive();
        limits.Number("historyPage").Should().Be(200);
    }

    [Fact]
    public async Task Every_connection_has_a_name_of_its_own()
    {
        var name = NewName("ann");
        var first = await (await OpenAsync(name)).ConnectAsync();
        var second = await (await OpenAsync(name)).ConnectAsync();
        second.Text("connection").Should().NotBe(first.Text("connection"));
        second.Text("node").Should().Be(first.Text("node"));
        second.Text("user").Should().Be(first.Text("user"));
    }

    [Fact]
    public async Task A_request_before_any_connect_is_unauthenticated_and_connect_still_works()
    {
        var ann = await OpenAsync();
        (await ann.RequestAsync("ping")).ShouldBeError("unauthenticated");
        (await ann.RequestAsync("subscribe", new { channel = "lobby" })).ShouldBeError("unauthenticated");
        await ann.ConnectAsync();
        await PassAsync(ann);
    }

    [Fact]
    public async Task A_malformed_frame_before_connect_closes_too()
    {
        var ann = await OpenAsync();
        await ann.SendAsync("{");
        await FrameTests.ShouldEndMalformedAsync(ann);
    }

    [Fact]
    public async Task Requests_sent_behind_connect_wait_for_it()
    {
        var ann = await OpenAsync();
        await ann.SendAsync(Frames.Compose("connect", 1) + "\n" + Frames.Compose("ping", 2));
        await ann.SendAsync(Frames.Compose("subscribe", 3, new { channel = "lobby" }));
        (await ann.ReplyAsync(1)).ShouldBe("connected");
        (await ann.ReplyAsync(2)).ShouldBe("ok");
        (await ann.ReplyAsync(3)).ShouldBe("subscribed");
        ann.Log[0].ShouldBe("connected");
    }

    [Fact]
    public async Task A_second_connect_is_invalid_and_the_connection_lives()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("connect")).ShouldBeError("invalid");
        await PassAsync(ann);
    }

    [Theory]
    [InlineData("\"token\":5")]
    [InlineData("\"token\":[]")]
    [InlineData("\"client\":\"browser\"")]
    [InlineData("\"client\":{\"name\":5}")]
    [InlineData("\"x\":\"\\u0000\"")]
    public async Task A_connect_of_wrong_form_is_as_if_it_had_not_been_sent(string fields)
    {
        var ann = await OpenAsync();
        (await RequestRawAsync(ann, "connect", fields)).ShouldBeError("invalid");
        (await ann.RequestAsync("ping")).ShouldBeError("unauthenticated");
        await ann.ConnectAsync();
        await PassAsync(ann);
    }

    [Fact]
    public async Task A_request_between_a_wrong_connect_and_a_right_one_is_unauthenticated()
    {
        var ann = await OpenAsync();
        await ann.SendAsync("{\"type\":\"connect\",\"id\":1,\"token\":5}\n" + Frames.Compose("ping", 2) + "\n" + Frames.Compose("connect", 3) + "\n" + Frames.Compose("ping", 4));
        (await ann.ReplyAsync(1)).ShouldBeError("invalid");
        (await ann.ReplyAsync(2)).ShouldBeError("unauthenticated");
        (await ann.ReplyAsync(3)).ShouldBe("connected");
        (await ann.ReplyAsync(4)).ShouldBe("ok");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"token":null}""")]
    [InlineData("""{"token":"nonsense"}""")]
    public async Task Connecting_without_signing_in_is_unauthenticated_and_closes_4401(string fields)
    {
        var nobody = await OpenAnonymousAsync();
        var token = System.Text.Json.Nodes.JsonNode.Parse(fields)!.AsObject();
        await nobody.SendAsync(string.Join('\n',
            Frames.Compose("connect", 1, token), Frames.Compose("ping", 2), Frames.Compose("subscribe", 3, new { channel = "lobby" })));
        for (var id = 1; id <= 3; id++) (await nobody.ReplyAsync(id)).ShouldBeError("unauthenticated");
        (await nobody.WaitForCloseAsync()).Should().Be(4401);
    }

    [Fact]
    public async Task Refresh_under_cookies_is_unsupported()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("refresh", new { token = "anything" })).ShouldBeError("unsupported");
        await PassAsync(ann);
    }
}
