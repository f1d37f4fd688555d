using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>The values in frames: null, duplicate keys, integers, depth, forbidden characters, names.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class FrameValueTests(QuickStartProcess server) : ProtocolTest(server)
{
    public static TheoryData<string> NoIntegers => new()
    {
        "1.0", "1.5", "1e0", "1E1", "10e-1", "\"1\"", "true", "[]", "{}", "1e400",
    };

    [Fact]
    public async Task Null_for_an_optional_field_means_absent()
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), """ "text":"x","data":null,"replyTo":null,"attachments":null,"mentions":null """)).ShouldBe("published");
        (await MessageAsync(ann, channel, 1)).ShouldLack("data", "replyTo", "attachments", "mentions");
        (await RequestRawAsync(ann, "history", $$""" "channel":"{{channel}}","before":null,"after":null,"thread":null,"limit":null """)).ShouldBe("history");
        (await RequestRawAsync(ann, "subscribe", $$""" "channel":"{{channel}}","after":null,"epoch":null,"recent":null """)).ShouldBe("subscribed");
        (await RequestRawAsync(ann, "react", $$""" "channel":"{{channel}}","sequence":1,"reaction":"+1","remove":null """)).ShouldBe("ok");
        (await RequestRawAsync(ann, "channels", """ "limit":null,"before":null """)).ShouldBe("channels");
    }

    [Theory]
    [InlineData("subscribe", """ "channel":null """)]
    [InlineData("delete", """ "channel":"$","sequence":null """)]
    [InlineData("publish", """ "channel":"$","message":null """)]
    [InlineData("react", """ "channel":"$","sequence":1,"reaction":null """)]
    [InlineData("signal", """ "channel":"$","name":null """)]
    public async Task Null_for_a_required_field_is_invalid(string type, string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await RequestRawAsync(ann, type, fields.Replace("$", channel, StringComparison.Ordinal))).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData("""{"type":"ping","id":1,"id":2}""")]
    [InlineData("""{"type":"ping","id":"wrong","id":2}""")]
    [InlineData("""{"type":"no-such-type","id":2,"type":"ping"}""")]
    [InlineData("""{"type":5,"id":2,"type":"ping"}""")]
    [InlineData("""{"type":"no-such-type","id":2,"ty\u0070e":"ping"}""")]
    public async Task Of_duplicate_keys_the_last_counts(string frame)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(frame);
        (await ann.ReplyAsync(2)).ShouldBe("ok");
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"type":"ping","id":2,"id":0}""")]
    [InlineData("""{"type":"ping","id":2,"type":7}""")]
    [InlineData("""{"type":"ping","id":2,"id":null}""")]
    public async Task Of_duplicate_keys_the_last_counts_where_it_is_the_wrong_one_too(string frame)
    {
        var ann = await ConnectAsync();
        await ann.SendAsync(frame);
        await FrameTests.ShouldEndMalformedAsync(ann);
    }

    [Fact]
    public async Task Of_duplicate_keys_in_a_message_and_its_data_the_last_counts()
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), """ "text":5,"text":"last","data":{"a":1,"a":{"b":1,"b":2}} """)).ShouldBe("published");
        var message = await MessageAsync(ann, channel, 1);
        message.Text("text").Should().Be("last");
        message.Field("data").Field("a").Number("b").Should().Be(2);
    }

    [Theory]
    [MemberData(nameof(NoIntegers))]
    public async Task What_is_no_plain_integer_is_invalid_where_one_is_due(string number)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        var at = $"\"channel\":\"{channel}\"";
        foreach (var (type, fields) in new[]
        {
            ("history", $"{at},\"limit\":{number}"), ("history", $"{at},\"before\":{number}"), ("history", $"{at},\"after\":{number}"),
            ("history", $"{at},\"thread\":{number}"), ("subscribe", $"{at},\"after\":{number}"), ("subscribe", $"{at},\"recent\":{number}"),
            ("edit", $"{at},\"text\":\"new\",\"sequence\":{number}"), ("delete", $"{at},\"sequence\":{number}"),
            ("react", $"{at},\"reaction\":\"+1\",\"sequence\":{number}"), ("reactions", $"{at},\"sequence\":{number}"),
            ("read", $"{at},\"sequence\":{number}"), ("members", $"{at},\"limit\":{number}"), ("channels", $"\"limit\":{number}"),
            ("publish", $"{at},\"message\":{{\"id\":\"{NewId()}\",\"text\":\"x\",\"replyTo\":{number}}}"),
        })
        {
            (await RequestRawAsync(ann, type, fields)).ShouldBeError("invalid");
        }

        (await HistoryAsync(ann, channel)).Items("messages").Should().ContainSingle().Which.Number("version").Should().Be(1, "nothing took effect");
    }

    [Theory]
    [InlineData("history", "\"before\":-1")]
    [InlineData("history", "\"after\":-1")]
    [InlineData("history", "\"thread\":0")]
    [InlineData("subscribe", "\"after\":-1")]
    [InlineData("edit", "\"sequence\":0,\"text\":\"x\"")]
    [InlineData("delete", "\"sequence\":0")]
    [InlineData("delete", "\"sequence\":-1")]
    [InlineData("react", "\"sequence\":0,\"reaction\":\"+1\"")]
    [InlineData("reactions", "\"sequence\":0")]
    [InlineData("read", "\"sequence\":0")]
    public async Task Versions_after_and_before_are_not_negative_and_a_sequence_is_at_least_1(string type, string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, type, $"\"channel\":\"{channel}\",{fields}")).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData("history", "\"limit\":0")]
    [InlineData("history", "\"limit\":-1")]
    [InlineData("subscribe", "\"recent\":0")]
    [InlineData("subscribe", "\"recent\":-5")]
    [InlineData("members", "\"limit\":0")]
    public async Task A_limit_below_1_is_invalid(string type, string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, type, $"\"channel\":\"{channel}\",{fields}")).ShouldBeError("invalid");
        (await ann.RequestAsync("channels", new { limit = 0 })).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData(63, "ok")]
    [InlineData(64, "invalid")]
    [InlineData(65, "invalid")]
    [InlineData(20_000, "invalid")]
    public async Task Depth_is_at_most_64_the_frame_itself_being_1(int arrays, string outcome)
    {
        var ann = await ConnectAsync();
        var deep = new string('[', arrays) + new string(']', arrays);
        foreach (var frame in new[] { $$"""{"type":"ping","id":1,"x":{{deep}}}""", $$"""{"x":{{deep}},"type":"ping","id":1}""" })
        {
            await ann.SendAsync(frame);
            var reply = await ann.ReplyAsync(1);
            if (outcome == "ok") reply.ShouldBe("ok");
            else reply.ShouldBeError("invalid");
        }

        await PassAsync(ann);
    }

    [Fact]
    public async Task Data_may_fill_the_depth_and_comes_back()
    {
        var (ann, channel) = await WithChannelAsync();
        // The frame is 1, `message` 2: 62 arrays make 64.
        var deep = new string('[', 62) + new string(']', 62);
        (await PublishRawAsync(ann, channel, NewId(), $"\"data\":{deep}")).ShouldBe("published");
        (await PublishRawAsync(ann, channel, NewId(), $"\"data\":[{deep}]")).ShouldBeError("invalid");
        (await MessageAsync(ann, channel, 1)).Field("data").ShouldEqualJson(deep);
        await SubscribeAsync(ann, channel, new { recent = 1 });
        (await CatchUpAsync(ann, channel))[0].Items("messages")[0].Field("data").ShouldEqualJson(deep);
    }

    [Theory]
    [InlineData(@"\u0000")]
    [InlineData(@"\ud800")]
    [InlineData(@"\udc00")]
    [InlineData(@"\udc00\ud800")]
    [InlineData(@"\ud83d\ud83d\ude00")]
    [InlineData(@"ok \uD83D")]
    public async Task NUL_and_lone_surrogates_are_invalid_anywhere(string text)
    {
        var (ann, channel) = await WithChannelAsync();
        foreach (var frame in new[]
        {
            $$"""{"type":"ping","id":1,"x":"{{text}}"}""",
            $$"""{"type":"ping","id":1,"{{text}}":1}""",
            $$"""{"type":"ping","id":1,"x":[{"y":[{"{{text}}":1}]}]}""",
            $$"""{"type":"ping{{text}}","id":1}""",
            $$"""{"x":"{{text}}","type":"ping","id":1}""",
            $$"""{"type":"subscribe","id":1,"channel":"{{channel}}{{text}}"}""",
            $$"""{"type":"publish","id":1,"channel":"{{channel}}","message":{"id":"{{NewId()}}","text":"{{text}}"} }""",
            $$"""{"type":"publish","id":1,"channel":"{{channel}}","message":{"id":"{{NewId()}}","data":{"a":["{{text}}"]} } }""",
            $$"""{"type":"publish","id":1,"channel":"{{channel}}","message":{"id":"{{NewId()}}","data":{"{{text}}":1} } }""",
            $$"""{"type":"publish","id":1,"channel":"{{channel}}","message":{"id":"{{NewId()}}","attachments":[{"n":"{{text}}"}]} }""",
            $$"""{"type":"signal","id":1,"channel":"{{channel}}","name":"cursor","data":"{{text}}"}""",
        })
        {
            await ann.SendAsync(frame);
            (await ann.ReplyAsync(1)).ShouldBeError("invalid");
        }

        (await HistoryAsync(ann, channel)).Items("messages").Should().BeEmpty();
    }

    [Fact]
    public async Task Pairs_of_surrogates_and_every_other_character_come_back_as_sent()
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), """ "text":"\ud83d\ude00 é \u0001 \n \r\n \u2028 \ufeff \uffff \"\\/" """)).ShouldBe("published");
        (await MessageAsync(ann, channel, 1)).Text("text").Should().Be("😀 é \u0001 \n \r\n \u2028 \ufeff \uffff \"\\/");
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("A.b-c_d:e@f9", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData("é", false)]
    [InlineData("a\\n", false)]
    [InlineData("a#b", false)]
    [InlineData("٣", false)]
    public async Task A_channel_is_1_to_128_of_a_small_set_of_characters(string name, bool wellFormed)
    {
        var ann = await ConnectAsync();
        var reply = await RequestRawAsync(ann, "history", $"\"channel\":\"{name}\"");
        reply.ShouldBeError(wellFormed ? "not_found" : "invalid");
        (await ann.RequestAsync("history", new { channel = new string('c', 128) })).ShouldBeError("not_found");
        (await ann.RequestAsync("history", new { channel = new string('c', 129) })).ShouldBeError("invalid");
    }
}
