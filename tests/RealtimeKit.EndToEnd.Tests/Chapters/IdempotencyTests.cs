using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>One message id, one message: retries, copies, and what is a conflict.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class IdempotencyTests(QuickStartProcess server) : ProtocolTest(server)
{
    private const string First =
        """ "text":"a","data":{"a":1,"b":[1.5,100,"\u0061"],"c":null},"attachments":[{"url":"u","size":10}],"mentions":["ann","ben"] """;

    [Fact]
    public async Task A_retry_is_answered_as_the_first_with_duplicate_true_and_makes_no_event()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        var id = NewId();
        var first = await PublishAsync(ann, channel, "x", id);
        first.ShouldBePublished(channel, id, 1, 1, duplicate: false);
        await PublishAsync(ann, channel, "y");
        for (var n = 0; n < 3; n++)
        {
            var again = await PublishAsync(ann, channel, "x", id);
            again.ShouldBePublished(channel, id, 1, 1, duplicate: true);
            again.Time("time").Should().Be(first.Time("time"));
        }

        await PublishAsync(ann, channel, "z");
        for (var version = 1; version <= 3; version++) (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", version);
        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task A_retry_from_another_connection_of_the_user_is_known()
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        await PublishAsync(ann, channel, "x", id);
        var again = await ConnectAsync(ann.User);
        (await PublishAsync(again, channel, "x", id)).ShouldBePublished(channel, id, 1, 1, duplicate: true);
    }

    [Fact]
    public async Task Of_concurrent_copies_exactly_one_is_no_duplicate()
    {
        var (ann, channel) = await WithChannelAsync();
        var copies = new List<RawClient> { ann };
        for (var n = 0; n < 5; n++) copies.Add(await ConnectAsync(ann.User));
        for (var round = 1; round <= 10; round++)
        {
            var id = NewId();
            var replies = await Task.WhenAll(copies.SelectMany(copy => new[] { PublishAsync(copy, channel, "x", id), PublishAsync(copy, channel, "x", id) }));
            replies.Count(reply => !reply.Flag("duplicate")).Should().Be(1);
            replies.Select(reply => reply.Number("sequence")).Should().OnlyContain(sequence => sequence == round);
            replies.Select(reply => reply.Number("version")).Should().OnlyContain(version => version == round);
            replies.Select(reply => reply.Time("time")).Distinct().Should().ContainSingle();
        }
    }

    [Fact]
    public async Task Of_concurrent_messages_with_one_id_one_is_stored_and_the_others_conflict()
    {
        var (ann, channel) = await WithChannelAsync();
        var writers = new List<RawClient> { ann, await ConnectAsync(ann.User), await ConnectAsync(), await ConnectAsync() };
        for (var round = 1; round <= 10; round++)
        {
            var id = NewId();
            var replies = await Task.WhenAll(writers.Select((writer, n) => writer.RequestAsync("publish", new { channel, message = new { id, text = $"text {n}" } })));
            replies.Count(reply => reply.IsType("published")).Should().Be(1);
            foreach (var reply in replies.Where(reply => !reply.IsType("published"))) reply.ShouldBeError("conflict");
            (await HistoryAsync(ann, channel)).Items("messages").Should().HaveCount(round);
        }
    }

    [Fact]
    public async Task Copies_in_one_message_are_one_message()
    {
        var (ann, channel) = await WithChannelAsync();
        var message = new { id = NewId(), text = "x" };
        var replies = await ann.BatchAsync(("publish", new { channel, message }), ("publish", new { channel, message }), ("publish", new { channel, message }));
        replies.Select(reply => reply.ShouldBe("published").Flag("duplicate")).Should().Equal(false, true, true);
        replies.Select(reply => reply.Number("sequence")).Should().OnlyContain(sequence => sequence == 1);
    }

    [Fact]
    public async Task An_id_is_compared_without_regard_to_case_and_told_as_first_sent()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        const string sent = "0191Ab3c-DeF0-7abC-8def-0123456789aB";
        (await PublishAsync(ann, channel, "x", sent)).ShouldBePublished(channel, sent, 1, 1, duplicate: false);
        foreach (var retry in new[] { sent.ToUpperInvariant(), sent.ToLowerInvariant(), sent })
            (await PublishAsync(ann, channel, "x", retry)).ShouldBePublished(channel, sent, 1, 1, duplicate: true);
        (await NextEventAsync(ann, channel)).Field("message").Text("id").Should().Be(sent);
        (await MessageAsync(ann, channel, 1)).Text("id").Should().Be(sent);
    }

    [Theory]
    [InlineData(First)]
    [InlineData(""" "mentions":["ann","ben"],"attachments":[{"size":10,"url":"u"}],"data":{"c":null,"b":[1.5,100,"a"],"a":1},"text":"\u0061" """)]
    [InlineData(""" "text":"a","data":{"a":1.0,"b":[15e-1,1E2,"a"],"c":null},"attachments":[{"url":"u","size":1.0e1}],"mentions":["ann","ben"] """)]
    [InlineData(""" "text":"b","text":"a","data":{"a":7,"a":1,"b":[1.50,100.00,"a"],"c":null},"attachments":[{"url":"u","size":10}],"mentions":["ann","ben"] """)]
    [InlineData(First + ""","replyTo":null,"unknown":5""")]
    public async Task Content_is_compared_as_JSON_values(string retry)
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        (await PublishRawAsync(ann, channel, id, First)).ShouldBePublished(channel, id, 1, 1, duplicate: false);
        (await PublishRawAsync(ann, channel, id, retry)).ShouldBePublished(channel, id, 1, 1, duplicate: true);
    }

    [Theory]
    [InlineData("1", "1.000", true)]
    [InlineData("1e400", "10e399", true)]
    [InlineData("0.1", "0.10", true)]
    [InlineData("0", "0.0e5", true)]
    [InlineData("1e-400", "0.1e-399", true)]
    [InlineData("1e999999999", "10e999999998", true)]
    [InlineData("1e-999999999", "0.1e-999999998", true)]
    [InlineData("1e999999999", "1e999999998", false)]
    [InlineData("12345678901234567890", "12345678901234567891", false)]
    [InlineData("0.1", "0.10000000000000000001", false)]
    [InlineData("1e400", "1e401", false)]
    [InlineData("1", "\"1\"", false)]
    [InlineData("0", "false", false)]
    [InlineData("[1,2]", "[2,1]", false)]
    [InlineData("{}", "[]", false)]
    [InlineData("{\"a\":2}", "{\"\\u0061\":1,\"a\":2}", true)]
    [InlineData("{\"a\":2,\"b\":{\"c\":3}}", "{\"b\":1,\"a\":2,\"b\":{\"c\":4,\"c\":3}}", true)]
    [InlineData("{\"a\":null}", "{}", false)]
    [InlineData("\"a\"", "\"A\"", false)]
    [InlineData("\"\\u00e9\"", "\"e\\u0301\"", false)]
    public async Task Numbers_are_compared_by_their_exact_value(string first, string second, bool equal)
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        (await PublishRawAsync(ann, channel, id, $"\"data\":{first}")).ShouldBe("published");
        var retry = await PublishRawAsync(ann, channel, id, $"\"data\":{second}");
        if (equal) retry.ShouldBePublished(channel, id, 1, 1, duplicate: true);
        else retry.ShouldBeError("conflict");
    }

    [Theory]
    [InlineData(""" "text":"b" """)]
    [InlineData(""" "text":"a " """)]
    [InlineData(""" "data":"a" """)]
    [InlineData(""" "text":"a","data":{} """)]
    [InlineData(""" "text":"a","attachments":[{}] """)]
    [InlineData(""" "attachments":[{"text":"a"}] """)]
    [InlineData(""" "text":"a","mentions":["ann"] """)]
    [InlineData(""" "text":"a","replyTo":1 """)]
    public async Task Other_content_under_the_same_id_is_a_conflict_that_tells_and_changes_nothing(string other)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        var id = NewId();
        await PublishAsync(ann, channel, "a", id);
        (await PublishRawAsync(ann, channel, id, other)).ShouldBeError("conflict").ShouldLack("sequence", "version", "time", "messageId", "channel");
        (await MessageAsync(ann, channel, 2)).ShouldBeMessage(channel, 2, 2, ann.User).Text("text").Should().Be("a");
        (await PublishAsync(ann, channel, "next")).ShouldBe("published").Number("version").Should().Be(3);
    }

    [Fact]
    public async Task Another_sender_of_the_same_id_is_a_conflict()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        var id = NewId();
        await PublishAsync(ann, channel, "x", id);
        (await ben.RequestAsync("publish", new { channel, message = new { id, text = "x" } }))
            .ShouldBeError("conflict").ShouldLack("sequence", "version", "time", "messageId");
        (await MessageAsync(ann, channel, 1)).Text("sender").Should().Be(ann.User);
    }

    [Fact]
    public async Task A_retry_after_edits_and_reactions_is_a_duplicate_with_the_present_version()
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        var first = await PublishAsync(ann, channel, "x", id);
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "edited" })).ShouldBe("ok");
        (await PublishAsync(ann, channel, "x", id)).ShouldBePublished(channel, id, 1, 2, duplicate: true).Time("time").Should().Be(first.Time("time"));
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "+1" })).ShouldBe("ok");
        (await PublishAsync(ann, channel, "x", id)).ShouldBePublished(channel, id, 1, 3, duplicate: true);
        (await ann.RequestAsync("publish", new { channel, message = new { id, text = "edited" } })).ShouldBeError("conflict");
        (await MessageAsync(ann, channel, 1)).Text("text").Should().Be("edited");
    }

    [Fact]
    public async Task A_retry_after_the_deletion_is_a_duplicate_and_brings_nothing_back()
    {
        var (ann, channel) = await WithChannelAsync();
        var id = NewId();
        var first = await PublishAsync(ann, channel, "x", id);
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        (await PublishAsync(ann, channel, "x", id)).ShouldBePublished(channel, id, 1, 2, duplicate: true).Time("time").Should().Be(first.Time("time"));
        (await ann.RequestAsync("publish", new { channel, message = new { id, text = "other" } })).ShouldBeError("conflict");
        (await MessageAsync(ann, channel, 1)).ShouldLack("text");
    }

    [Fact]
    public async Task A_retry_of_a_reply_is_a_duplicate()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        var id = NewId();
        var message = new { id, text = "reply", replyTo = 1 };
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBePublished(channel, id, 2, 2, duplicate: false);
        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        (await ann.RequestAsync("publish", new { channel, message })).ShouldBePublished(channel, id, 2, 2, duplicate: true);
        (await ann.RequestAsync("publish", new { channel, message = new { id, text = "reply" } })).ShouldBeError("conflict");
    }
}
