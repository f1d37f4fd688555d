using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Messages and the frames in them: batches, what is malformed, ids, unknown types, binary.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class FrameTests(QuickStartProcess server) : ProtocolTest(server)
{
    public static TheoryData<string> Malformed => new()
    {
        "not json", "[]", "\"ping\"", "1", "null", "true", "{}", "{", "}", "{\"type\":\"ping\",\"id\":1", "\0",
        """{"type":"ping","id":1}x""", """{"type":"ping","id":1}{"type":"ping","id":2}""", """[{"type":"ping","id":1}]""",
        """{"type":"ping","id":1,}""", """{'type':'ping','id':1}""", """{"type":"ping",/* no */"id":1}""",
        """{"id":1}""", """{"id":1,"type":1}""", """{"id":1,"type":null}""", """{"id":1,"type":["ping"]}""", """{"id":1,"type":{}}""",
        """{"id":1,"Type":"ping"}""", """{"type":"ping","Id":1}""", """{"type":"ping","id":NaN}""", """{"type":"ping","id":01}""",
    };

    public static TheoryData<string> WrongIds => new()
    {
        "0", "-1", "-0", "1.0", "1.5", "1e0", "1E2", "0.1e1", "9007199254740992", "9223372036854775807", "9223372036854775808",
        "18446744073709551617", "1e400", "99999999999999999999999999999999", "\"1\"", "\"\"", "true", "[1]", "{}",
    };

    [Fact]
    public async Task Several_frames_of_one_message_are_each_answered()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync("{\"type\":\"ping\",\"id\":1}\n{\"type\":\"ping\",\"id\":2}\n{\"type\":\"ping\",\"id\":3}");
        for (var id = 1; id <= 3; id++) (await ann.ReplyAsync(id)).ShouldBe("ok");
    }

    [Fact]
    public async Task Empty_lines_and_a_final_newline_are_ignored()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync("\n\n{\"type\":\"ping\",\"id\":1}\n\n\n{\"type\":\"ping\",\"id\":2}\n");
        (await ann.ReplyAsync(1)).ShouldBe("ok");
        (await ann.ReplyAsync(2)).ShouldBe("ok");
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\n\n\n")]
    public async Task A_message_without_any_frame_is_ignored(string message)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(message);
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Fact]
    public async Task White_space_inside_a_frame_is_only_JSON()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(" \t{ \"type\" :\t\"ping\" , \"id\" : 7 } \r");
        (await ann.ReplyAsync(7)).ShouldBe("ok");
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_frame_gets_an_error_without_id_and_close_4400(string frame)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(frame);
        await ShouldEndMalformedAsync(ann);
    }

    [Theory]
    [InlineData("[", 60_000)]
    [InlineData("{\"type\":\"ping\",\"id\":1,\"x\":[", 1)]
    [InlineData("{\"a\":", 10_000)]
    [InlineData("x", 100_000)]
    [InlineData("\"", 100_001)]
    public async Task What_is_deep_or_large_and_no_JSON_object_is_malformed_all_the_same(string part, int count)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(string.Concat(Enumerable.Repeat(part, count)));
        await ShouldEndMalformedAsync(ann);
    }

    [Fact]
    public async Task A_frame_that_is_too_large_and_has_no_id_is_malformed()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync($$"""{"type":"ping","x":"{{new string('a', 100_000)}}"}""");
        await ShouldEndMalformedAsync(ann);
    }

    [Theory]
    [MemberData(nameof(WrongIds))]
    public async Task A_request_with_a_wrong_id_is_malformed(string id)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync($$"""{"type":"ping","id":{{id}}}""");
        await ShouldEndMalformedAsync(ann);
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("connect")]
    [InlineData("subscribe")]
    [InlineData("publish")]
    [InlineData("search")]
    [InlineData("no-such-type")]
    [InlineData("")]
    public async Task A_request_without_id_is_malformed(string type)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync($$"""{"type":"{{type}}"}""");
        await ShouldEndMalformedAsync(ann);
    }

    [Fact]
    public async Task A_null_id_is_no_id()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync("""{"type":"ping","id":null}""");
        await ShouldEndMalformedAsync(ann);
    }

    [Theory]
    [MemberData(nameof(WrongIds))]
    public async Task A_signal_may_lack_its_id_but_not_have_a_wrong_one(string id)
    {
        var (ann, channel) = await WithChannelAsync();
        await ann.SendAsync($$"""{"type":"signal","id":{{id}},"channel":"{{channel}}","name":"typing"}""");
        await ShouldEndMalformedAsync(ann);
    }

    [Fact]
    public async Task Earlier_frames_of_a_message_with_a_malformed_one_are_answered_and_later_ones_not()
    {
        var (ann, channel) = await WithChannelAsync();
        var first = NewId();
        await ann.SendAsync(string.Join('\n',
            Frames.Compose("publish", 1, new { channel, message = new { id = first, text = "before" } }),
            Frames.Compose("ping", 2),
            "{broken",
            Frames.Compose("publish", 3, new { channel, message = new { id = NewId(), text = "after" } }),
            Frames.Compose("ping", 4)));

        (await ann.ReplyAsync(1)).ShouldBePublished(channel, first, 1, 1, duplicate: false);
        (await ann.ReplyAsync(2)).ShouldBe("ok");
        await ShouldEndMalformedAsync(ann);
        ann.Log.Where(frame => frame.Has("id")).Select(frame => frame.Number("id")).Should().NotContain([3L, 4L]);

        var ben = await ConnectAsync();
        (await HistoryAsync(ben, channel)).Sequences().Should().Equal(1);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("9007199254740991")]
    public async Task Ids_go_from_1_to_2_to_the_53_minus_1(string id)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync($$"""{"type":"ping","id":{{id}}}""");
        (await ann.WaitForAsync(frame => frame.Has("id") && frame.Field("id").GetRawText() == id)).ShouldBe("ok");
    }

    [Fact]
    public async Task An_id_may_be_used_again_and_in_any_order()
    {
        var ann = await ConnectAsync();
        foreach (var id in new[] { 9, 5, 5, 1, 9 })
        {
            await ann.SendAsync(Frames.Compose("ping", id));
            (await ann.ReplyAsync(id)).ShouldBe("ok");
        }
    }

    [Theory]
    [InlineData("no-such-type")]
    [InlineData("")]
    [InlineData("PING")]
    [InlineData("event")]
    [InlineData("connected")]
    [InlineData("changes")]
    [InlineData("ok")]
    [InlineData("error")]
    public async Task An_unknown_type_is_unsupported_and_the_connection_lives(string type)
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync(type, new { channel = "x" })).ShouldBeError("unsupported");
        await PassAsync(ann);
    }

    [Fact]
    public async Task Unknown_fields_are_ignored()
    {
        var (ann, channel) = await WithChannelAsync();
        var reply = await ann.RequestAsync("publish", new { channel, tomorrow = new[] { 1 }, message = new { id = NewId(), text = "x", colour = "red" } });
        reply.ShouldBe("published");
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 1, ann.User);
    }

    [Fact]
    public async Task A_request_of_wrong_form_gets_invalid_with_its_id_and_the_connection_lives()
    {
        var ann = await ConnectAsync();
        foreach (var type in new[]
        {
            "subscribe", "unsubscribe", "publish", "edit", "delete", "react", "reactions", "history", "read", "signal", "presence", "members",
            "create", "join", "leave",
        })
        {
            (await ann.RequestAsync(type)).ShouldBeError("invalid");
        }

        await PassAsync(ann);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public async Task A_binary_message_closes_with_1003(int length)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(new byte[length], System.Net.WebSockets.WebSocketMessageType.Binary);
        (await ann.WaitForCloseAsync()).Should().Be(1003);
    }

    [Fact]
    public async Task A_binary_message_closes_with_1003_even_where_it_holds_a_frame()
    {
        var ann = await ConnectAsync();
        await ann.SendAsync("""{"type":"ping","id":1}"""u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Binary);
        (await ann.WaitForCloseAsync()).Should().Be(1003);
        ann.Log.Should().NotContain(frame => frame.IsType("ok"));
    }

    [Fact]
    public async Task A_message_may_come_in_pieces()
    {
        var (ann, channel) = await WithChannelAsync();
        var message = System.Text.Encoding.UTF8.GetBytes(
            Frames.Compose("publish", 1, new { channel, message = new { id = NewId(), text = "é😀" } }) + "\n" + Frames.Compose("ping", 2));
        for (var n = 0; n < message.Length; n++)
            await ann.SendAsync([message[n]], System.Net.WebSockets.WebSocketMessageType.Text, endOfMessage: n == message.Length - 1);
        (await ann.ReplyAsync(1)).ShouldBe("published");
        (await ann.ReplyAsync(2)).ShouldBe("ok");
        (await MessageAsync(ann, channel, 1)).Text("text").Should().Be("é😀");
    }

    [Fact]
    public async Task A_client_that_closes_is_answered_with_1000()
    {
        var ann = await ConnectAsync();
        (await ann.CloseAsync()).Should().Be(1000);
    }

    [Fact]
    public async Task Text_that_is_not_UTF_8_ends_the_connection()
    {
        // RFC 6455 has 1007 for it, and a WebSocket library may send that before the server sees the bytes.
        var ann = await ConnectAsync();
        await ann.SendAsync([.. "{\"type\":\"ping\",\"id\":1,\"x\":\""u8, 0xED, 0xA0, 0x80, .. "\"}"u8], System.Net.WebSockets.WebSocketMessageType.Text);
        (await ann.WaitForCloseAsync()).Should().BeOneOf([4400, 1007], "it broke by: {0}", ann.Broken);
        ann.Log.Should().NotContain(frame => frame.IsType("ok"));
    }

    internal static async Task ShouldEndMalformedAsync(RawClient client)
    {
        var error = await client.WaitForAsync(frame => frame.IsType("error"));
        error.ShouldBeError("invalid").ShouldLack("id");
        (await client.WaitForCloseAsync()).Should().Be(4400);
        client.Inbox.Should().BeEmpty("nothing follows the error");
    }
}
