using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Replies and the threads they make.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class ReplyTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_reply_names_what_it_answers_and_the_root_of_the_chain()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        await PublishAsync(ann, channel, "other");
        await PublishAsync(ann, channel, "root");
        await ReplyToAsync(ann, channel, 2);
        await ReplyToAsync(ann, channel, 3);
        await ReplyToAsync(ann, channel, 4);
        await ReplyToAsync(ann, channel, 2);

        var told = new List<System.Text.Json.JsonElement>();
        for (var n = 1; n <= 6; n++) told.Add((await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", n).Field("message"));
        foreach (var messages in new[] { told, (await HistoryAsync(ann, channel)).Items("messages") })
        {
            messages.Take(2).ToList().ForEach(message => message.ShouldLack("replyTo", "thread"));
            messages.Skip(2).Select(message => message.Number("replyTo")).Should().Equal(2, 3, 4, 2);
            messages.Skip(2).Select(message => message.Number("thread")).Should().OnlyContain(thread => thread == 2);
        }
    }

    [Fact]
    public async Task A_reply_to_what_does_not_exist_is_not_found_and_takes_no_place()
    {
        var (ann, channel) = await WithChannelAsync();
        var other = await CreateAsync(ann);
        await PublishAsync(ann, channel);
        await PublishManyAsync(ann, other, 3);
        foreach (var replyTo in new[] { 2L, 3L, 9007199254740991L })
            (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x", replyTo } })).ShouldBeError("not_found");
        (await PublishAsync(ann, channel)).ShouldBe("published").Number("sequence").Should().Be(2);
    }

    [Fact]
    public async Task A_thread_has_its_root_and_every_reply_and_nothing_else()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        await PublishAsync(ann, channel, "other");
        await ReplyToAsync(ann, channel, 1);
        await ReplyToAsync(ann, channel, 2);
        await ReplyToAsync(ann, channel, 3);
        (await HistoryAsync(ann, channel, new { thread = 1 })).Sequences().Should().Equal(1, 3, 5);
        (await HistoryAsync(ann, channel, new { thread = 2 })).Sequences().Should().Equal(2, 4);
        (await HistoryAsync(ann, channel, new { thread = 5 })).Sequences().Should().Equal([1, 3, 5], "a reply's sequence means its root");
        (await ann.RequestAsync("history", new { channel, thread = 6 })).ShouldBeError("not_found");
    }

    [Fact]
    public async Task A_message_without_replies_is_a_thread_of_one()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        var page = await HistoryAsync(ann, channel, new { thread = 1 });
        page.Sequences().Should().Equal(1);
        page.Flag("more").Should().BeFalse();
    }

    [Fact]
    public async Task A_thread_is_paged_like_the_rest_of_history()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        for (var n = 0; n < 4; n++)
        {
            await ReplyToAsync(ann, channel, 1);
            await PublishAsync(ann, channel, "between");
        }

        var newest = await HistoryAsync(ann, channel, new { thread = 1, limit = 2 });
        newest.Sequences().Should().Equal(6, 8);
        newest.Flag("more").Should().BeTrue();
        var older = await HistoryAsync(ann, channel, new { thread = 1, limit = 2, before = 6 });
        older.Sequences().Should().Equal(2, 4);
        older.Flag("more").Should().BeTrue();
        var oldest = await HistoryAsync(ann, channel, new { thread = 1, limit = 2, before = 2 });
        oldest.Sequences().Should().Equal(1);
        oldest.Flag("more").Should().BeFalse();
        var onward = await HistoryAsync(ann, channel, new { thread = 1, limit = 3, after = 1 });
        onward.Sequences().Should().Equal(2, 4, 6);
        onward.Flag("more").Should().BeTrue();
        (await HistoryAsync(ann, channel, new { thread = 1, after = 2, before = 8 })).Sequences().Should().Equal(4, 6);
    }

    [Fact]
    public async Task A_deleted_message_keeps_its_place_in_the_thread_and_can_be_its_root()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "root");
        await ReplyToAsync(ann, channel, 1);
        await ann.RequestAsync("delete", new { channel, sequence = 1 });
        await ann.RequestAsync("delete", new { channel, sequence = 2 });
        await ReplyToAsync(ann, channel, 2);
        (await HistoryAsync(ann, channel, new { thread = 1 })).Sequences().Should().Equal(1, 2, 3);
        (await HistoryAsync(ann, channel, new { thread = 2 })).Sequences().Should().Equal(1, 2, 3);
        (await MessageAsync(ann, channel, 3)).Number("thread").Should().Be(1);
    }

    private static async Task ReplyToAsync(RawClient client, string channel, long replyTo) =>
        (await client.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "reply", replyTo } })).ShouldBe("published");
}
