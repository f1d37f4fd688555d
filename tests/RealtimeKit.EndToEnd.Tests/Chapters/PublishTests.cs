using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`publish`: its reply, its event, the message it makes, its forms, its order.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class PublishTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_publish_is_answered_stored_and_told_to_every_subscriber_the_sender_included()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await SubscribeAsync(ann, channel);
        await SubscribeAsync(ben, channel);
        var id = NewId();
        var published = await ann.RequestAsync("publish", new
        {
            channel,
            message = new { id, text = "hi", data = new { a = 1 }, attachments = new[] { new { url = "u" } }, mentions = new[] { ben.User } },
        });
        published.ShouldBePublished(channel, id, 1, 1, duplicate: false);

        foreach (var reader in new[] { ann, ben })
        {
            var message = (await NextEventAsync(reader, channel)).ShouldBeEvent(channel, "posted", 1).Field("message");
            ShouldBeWhole(message);
        }

        ShouldBeWhole(await MessageAsync(ben, channel, 1));

        void ShouldBeWhole(System.Text.Json.JsonElement message)
        {
            message.ShouldBeMessage(channel, 1, 1, ann.User);
            message.Text("id").Should().Be(id);
            message.Time("time").Should().Be(published.Time("time"));
            message.Text("text").Should().Be("hi");
            message.Field("data").ShouldEqualJson("""{"a":1}""");
            message.Field("attachments").ShouldEqualJson("""[{"url":"u"}]""");
            message.Texts("mentions").Should().Equal(ben.User);
            message.ShouldLack("replyTo", "thread", "editedAt", "deletedAt", "reactions");
        }
    }

    [Fact]
    public async Task Sequences_and_versions_have_no_gaps_and_replies_keep_the_order_of_sending()
    {
        var (ann, channel) = await WithChannelAsync();
        var replies = await PublishManyAsync(ann, channel, 150);
        replies.Select(reply => reply.Number("sequence")).Should().Equal(Enumerable.Range(1, 150).Select(n => (long)n));
        replies.Select(reply => reply.Number("version")).Should().Equal(Enumerable.Range(1, 150).Select(n => (long)n));
        replies.Select(reply => reply.Time("time")).Should().BeInAscendingOrder(StringComparer.Ordinal);
        ann.Log.Where(frame => frame.IsType("published")).Select(frame => frame.Number("id")).Should().BeInAscendingOrder();
        var page = await HistoryAsync(ann, channel, new { after = 0, limit = 200 });
        page.Items("messages").Select(message => message.Text("text")).Should().Equal(Enumerable.Range(1, 150).Select(n => $"text {n}"));
    }

    [Fact]
    public async Task Pipelined_requests_of_one_channel_take_effect_and_are_answered_in_order_whatever_they_are()
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        var replies = await ann.BatchAsync(
            ("publish", new { channel, message = new { id, text = "one" } }),
            ("edit", new { channel, sequence = 1, text = "uno" }),
            ("edit", new { channel, sequence = 2, text = "too early" }),
            ("publish", new { channel, message = new { id = NewId(), text = new string('x', 8001) } }),
            ("publish", new { channel, message = new { id, text = "one" } }),
            ("publish", new { channel, message = new { id, text = "other" } }),
            ("publish", new { channel, message = new { id = NewId(), text = "two", replyTo = 1 } }),
            ("react", new { channel, sequence = 2, reaction = "+1" }),
            ("delete", new { channel, sequence = 1 }),
            ("react", new { channel, sequence = 1, reaction = "+1" }),
            ("history", new { channel }),
            ("subscribe", new { channel }),
            ("publish", new { channel, message = new { id = NewId(), text = "three" } }),
            ("presence", new { channel }));
        replies[0].ShouldBePublished(channel, id, 1, 1, duplicate: false);
        replies[1].ShouldBe("ok").Number("version").Should().Be(2);
        replies[2].ShouldBeError("not_found");
        replies[3].ShouldBeError("too_large");
        replies[4].ShouldBePublished(channel, id, 1, 2, duplicate: true);
        replies[5].ShouldBeError("conflict");
        replies[6].ShouldBe("published").Number("version").Should().Be(3);
        replies[7].ShouldBe("ok").Number("version").Should().Be(4);
        replies[8].ShouldBe("ok").Number("version").Should().Be(5);
        replies[9].ShouldBeError("conflict");
        replies[10].ShouldBe("history").Items("messages").Select(message => message.Number("version")).Should().Equal(5, 4);
        replies[11].ShouldBe("subscribed").Number("version").Should().Be(5);
        replies[12].ShouldBe("published").Number("version").Should().Be(6);
        replies[13].ShouldBe("presence").Items("users").Should().ContainSingle();
        var inOrder = ann.Log.Where(frame => frame.Has("id")).Select(frame => frame.Number("id")).ToList();
        inOrder.Should().BeInAscendingOrder();
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", 6);
    }

    [Fact]
    public async Task Each_channel_counts_for_itself_and_an_id_is_unique_in_its_channel_only()
    {
        var (ann, first) = await WithChannelAsync();
        var second = await CreateAsync(ann);
        var id = NewId();
        (await PublishAsync(ann, first, "x", id)).ShouldBePublished(first, id, 1, 1, duplicate: false);
        (await PublishAsync(ann, first)).Number("sequence").Should().Be(2);
        (await PublishAsync(ann, second, "other", id)).ShouldBePublished(second, id, 1, 1, duplicate: false);
    }

    [Theory]
    [InlineData(""" "text":"x" """)]
    [InlineData(""" "attachments":[{}] """)]
    [InlineData(""" "data":{} """)]
    [InlineData(""" "data":[] """)]
    [InlineData(""" "data":false """)]
    [InlineData(""" "data":0 """)]
    [InlineData(""" "data":"" """)]
    [InlineData(""" "data":"text","text":null """)]
    [InlineData(""" "text":" " """)]
    public async Task One_of_text_attachments_or_data_is_enough(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), fields)).ShouldBe("published");
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 1, ann.User);
    }

    [Theory]
    [InlineData(""" "text":"" """)]
    [InlineData(""" "text":null """)]
    [InlineData(""" "attachments":[] """)]
    [InlineData(""" "data":null """)]
    [InlineData(""" "text":"","attachments":[],"data":null """)]
    [InlineData(""" "mentions":["ann"] """)]
    [InlineData(""" "replyTo":1 """)]
    [InlineData(""" "unknown":1 """)]
    [InlineData(""" "text":5 """)]
    [InlineData(""" "text":{"a":1} """)]
    [InlineData(""" "text":"x","attachments":{} """)]
    [InlineData(""" "text":"x","attachments":["u"] """)]
    [InlineData(""" "text":"x","attachments":[null] """)]
    [InlineData(""" "text":"x","attachments":[[]] """)]
    [InlineData(""" "text":"x","mentions":"ann" """)]
    [InlineData(""" "text":"x","mentions":[5] """)]
    [InlineData(""" "text":"x","mentions":[null] """)]
    [InlineData(""" "text":"x","mentions":[" a"] """)]
    [InlineData(""" "text":"x","mentions":[""] """)]
    [InlineData(""" "text":"x","replyTo":0 """)]
    [InlineData(""" "text":"x","replyTo":-1 """)]
    [InlineData(""" "text":"x","replyTo":"1" """)]
    public async Task A_message_of_wrong_form_is_invalid_and_takes_no_place(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishRawAsync(ann, channel, NewId(), fields)).ShouldBeError("invalid");
        (await PublishAsync(ann, channel)).Number("sequence").Should().Be(1);
    }

    [Theory]
    [InlineData("\"channel\":\"$\"")]
    [InlineData("\"channel\":\"$\",\"message\":[]")]
    [InlineData("\"channel\":\"$\",\"message\":\"x\"")]
    [InlineData("\"channel\":\"$\",\"message\":{\"text\":\"no id\"}")]
    [InlineData("\"channel\":5,\"message\":{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"text\":\"x\"}")]
    [InlineData("\"message\":{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"text\":\"x\"}")]
    public async Task A_publish_without_its_parts_is_invalid(string fields)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, "publish", fields.Replace("$", channel, StringComparison.Ordinal))).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData("\"not-a-uuid\"")]
    [InlineData("\"\"")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("\"{01890a5d-ac96-774b-bcce-b302099a8057}\"")]
    [InlineData("\"(01890a5d-ac96-774b-bcce-b302099a8057)\"")]
    [InlineData("\"01890a5dac96774bbcceb302099a8057\"")]
    [InlineData("\" 01890a5d-ac96-774b-bcce-b302099a8057\"")]
    [InlineData("\"01890a5d-ac96-774b-bcce-b302099a8057 \"")]
    [InlineData("\"0x890a5d-ac96-774b-bcce-b302099a8057\"")]
    [InlineData("\"+1890a5d-ac96-774b-bcce-b302099a8057\"")]
    [InlineData("\"01890a5d-ac96-774b-bcce-b302099a805\"")]
    [InlineData("\"01890a5d-ac96-774b-bcce-b302099a805g\"")]
    public async Task A_message_id_is_a_UUID(string id)
    {
        var (ann, channel) = await WithChannelAsync();
        (await RequestRawAsync(ann, "publish", $"\"channel\":\"{channel}\",\"message\":{{\"id\":{id},\"text\":\"x\"}}")).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")]
    public async Task Any_version_of_UUID_will_do(string id)
    {
        var (ann, channel) = await WithChannelAsync();
        (await PublishAsync(ann, channel, "x", id)).ShouldBePublished(channel, id, 1, 1, duplicate: false);
    }

    [Theory]
    [InlineData("""{"b":[1,2.50,-0.125,1e3],"a":{"x":null,"y":true}}""")]
    [InlineData("12345678901234567890.123456789")]
    [InlineData("0.1")]
    [InlineData("1e400")]
    [InlineData("\"é😀\\u0001\"")]
    [InlineData("""{"":{"":""},"__proto__":{"a":1},"constructor":1,"A":1,"a":2}""")]
    [InlineData("[[],{},null]")]
    public async Task Data_is_any_JSON_and_comes_back_equal_as_a_value(string data)
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        (await PublishRawAsync(ann, channel, NewId(), $"\"data\":{data}")).ShouldBe("published");
        (await NextEventAsync(ann, channel)).Field("message").Field("data").ShouldEqualJson(data);
        (await MessageAsync(ann, channel, 1)).Field("data").ShouldEqualJson(data);
    }
}
