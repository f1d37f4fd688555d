using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>A catch-up that is overtaken by another request of the same connection.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class CatchUpReplacedTests(QuickStartProcess server) : ProtocolTest(server)
{
    private const int Count = 80;

    [Fact]
    public async Task After_a_second_subscribe_nothing_of_the_first_comes()
    {
        var (ben, channel) = await WithLongChannelAsync();
        await ben.SendAsync(Frames.Compose("subscribe", 1, new { channel, after = 0 }) + "\n" + Frames.Compose("subscribe", 2, new { channel, recent = 1 }));
        (await ben.ReplyAsync(2)).ShouldBe("subscribed");
        await PublishAsync(ben, channel, "next");
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", Count + 1);
        var behind = BehindReply(ben, 2);
        behind.Where(frame => frame.IsType("changes")).SelectMany(frame => frame.Sequences()).Should().Equal(Count);
        behind.Count(frame => frame.IsType("event")).Should().Be(1);
    }

    [Fact]
    public async Task A_second_subscribe_with_neither_ends_the_first_catch_up()
    {
        var (ben, channel) = await WithLongChannelAsync();
        await ben.SendAsync(Frames.Compose("subscribe", 1, new { channel, after = 0 }) + "\n" + Frames.Compose("subscribe", 2, new { channel }));
        (await ben.ReplyAsync(2)).ShouldBe("subscribed").Number("version").Should().Be(Count);
        await PublishAsync(ben, channel, "next");
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", Count + 1);
        BehindReply(ben, 2).Where(frame => frame.IsType("changes")).SelectMany(frame => frame.Sequences()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_failed_second_subscribe_lets_the_first_catch_up_go_on()
    {
        var (ben, channel) = await WithLongChannelAsync();
        await ben.SendAsync(Frames.Compose("subscribe", 1, new { channel, after = 0 }) + "\n" + Frames.Compose("subscribe", 2, new { channel, after = Count + 5 }));
        (await ben.ReplyAsync(1)).ShouldBe("subscribed");
        (await ben.ReplyAsync(2)).ShouldBeError("conflict");
        (await CatchUpAsync(ben, channel)).SelectMany(page => page.Sequences()).Should().Equal(Enumerable.Range(1, Count).Select(n => (long)n));
        await PublishAsync(ben, channel, "next");
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", Count + 1);
    }

    [Fact]
    public async Task After_unsubscribe_nothing_of_the_catch_up_comes()
    {
        var (ben, channel) = await WithLongChannelAsync();
        await ben.SendAsync(Frames.Compose("subscribe", 1, new { channel, after = 0 }) + "\n" + Frames.Compose("unsubscribe", 2, new { channel }));
        (await ben.ReplyAsync(1)).ShouldBe("subscribed");
        (await ben.ReplyAsync(2)).ShouldBe("ok");
        await PublishAsync(ben, channel, "next");
        await PassAsync(ben);
        BehindReply(ben, 2).Where(frame => frame.IsType("changes") || frame.IsType("event")).Should().BeEmpty();
    }

    [Fact]
    public async Task Many_catch_ups_at_once_each_have_their_own()
    {
        var ann = await ConnectAsync();
        var channels = new List<string>();
        for (var n = 0; n < 20; n++)
        {
            channels.Add(await CreateAsync(ann));
            await PublishManyAsync(ann, channels[n], n + 1);
        }

        var ben = await ConnectAsync();
        await ben.BatchAsync([.. channels.Select(channel => ("subscribe", (object?)new { channel, after = 0 }))]);
        for (var n = 0; n < 20; n++)
        {
            (await CatchUpAsync(ben, channels[n])).SelectMany(page => page.Sequences()).Should().Equal(Enumerable.Range(1, n + 1).Select(sequence => (long)sequence));
            await PublishAsync(ann, channels[n]);
            (await NextEventAsync(ben, channels[n])).ShouldBeEvent(channels[n], "posted", n + 2);
        }
    }

    private static List<JsonElement> BehindReply(RawClient client, long id) =>
        [.. client.Log.SkipWhile(frame => !(frame.Has("id") && frame.Number("id") == id)).Skip(1)];

    /// <summary>A channel of several pages, and a reader who has not read any.</summary>
    private async Task<(RawClient Reader, string Channel)> WithLongChannelAsync()
    {
        var (ann, channel) = await WithChannelAsync();
        for (var n = 0; n < Count; n++)
            (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), data = new string('d', 50_000) } })).ShouldBe("published");
        return (await ConnectAsync(), channel);
    }
}
