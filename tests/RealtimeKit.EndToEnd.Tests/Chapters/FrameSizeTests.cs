using System.Text;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>How large a frame, a message and a page may be.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class FrameSizeTests(QuickStartProcess server) : ProtocolTest(server)
{
    private const int FrameLimit = 65_536;
    private const int MessageLimit = 1_048_576;

    [Theory]
    [InlineData(FrameLimit, "a", true)]
    [InlineData(FrameLimit + 1, "a", false)]
    [InlineData(FrameLimit, "é", true)]
    [InlineData(FrameLimit + 2, "é", false)]
    [InlineData(500_000, "a", false)]
    public async Task A_frame_has_at_most_65536_bytes(int bytes, string filling, bool fits)
    {
        var ann = await ConnectAsync();
        foreach (var (head, tail) in new[] { ("{\"type\":\"ping\",\"id\":1,\"x\":\"", "\"}"), ("{\"x\":\"", "\",\"type\":\"ping\",\"id\":1}") })
        {
            await ann.SendAsync(Fill(head, filling, tail, bytes));
            var reply = await ann.ReplyAsync(1);
            if (fits) reply.ShouldBe("ok");
            else reply.ShouldBeError("too_large");
        }

        await PassAsync(ann);
    }

    [Fact]
    public async Task A_connect_that_is_too_large_counts_as_not_sent()
    {
        var ann = await OpenAsync();
        await ann.SendAsync(Fill("{\"type\":\"connect\",\"id\":1,\"x\":\"", "a", "\"}", FrameLimit + 1));
        (await ann.ReplyAsync(1)).ShouldBeError("too_large");
        await ann.SendAsync("{\"type\":\"connect\",\"id\":2}");
        (await ann.ReplyAsync(2)).ShouldBe("connected");
    }

    [Fact]
    public async Task The_frames_around_one_that_is_too_large_are_served()
    {
        var ann = await ConnectAsync();
        var large = Fill("{\"type\":\"ping\",\"id\":2,\"x\":\"", "a", "\"}", 100_000);
        await ann.SendAsync("{\"type\":\"ping\",\"id\":1}\n" + large + "\n{\"type\":\"ping\",\"id\":3}");
        (await ann.ReplyAsync(1)).ShouldBe("ok");
        (await ann.ReplyAsync(2)).ShouldBeError("too_large");
        (await ann.ReplyAsync(3)).ShouldBe("ok");
    }

    [Fact]
    public async Task A_publish_that_is_too_large_as_a_frame_stores_nothing()
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), data = new string('a', FrameLimit) } })).ShouldBeError("too_large");
        (await HistoryAsync(ann, channel)).Items("messages").Should().BeEmpty();
    }

    [Fact]
    public async Task A_message_of_many_frames_may_have_1_MiB()
    {
        var ann = await ConnectAsync();
        var frames = string.Concat(Enumerable.Range(1, 20).Select(id => Fill($"{{\"type\":\"ping\",\"id\":{id},\"x\":\"", "a", "\"}", 50_000) + "\n"));
        await ann.SendAsync(frames + new string('\n', MessageLimit - frames.Length));
        for (var id = 1; id <= 20; id++) (await ann.ReplyAsync(id)).ShouldBe("ok");
    }

    [Theory]
    [InlineData(MessageLimit + 1)]
    [InlineData(3 * MessageLimit)]
    public async Task A_message_above_1_MiB_closes_with_1009(int bytes)
    {
        var ann = await ConnectAsync();
        try
        {
            await ann.SendAsync("{\"type\":\"ping\",\"id\":1}" + new string('\n', bytes - 22));
        }
        catch (System.Net.WebSockets.WebSocketException)
        {
            // The server need not read on to the end before it closes.
        }

        (await ann.WaitForCloseAsync()).Should().Be(1009);
    }

    [Fact]
    public async Task The_server_keeps_a_page_of_history_under_1_MiB_and_says_more()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishLargeAsync(ann, channel, 24);

        var newest = await HistoryAsync(ann, channel, new { limit = 200 });
        newest.Flag("more").Should().BeTrue();
        newest.Sequences().Should().NotBeEmpty().And.BeInAscendingOrder();
        newest.Sequences()[^1].Should().Be(24);

        var seen = new List<long>();
        while (true)
        {
            var page = await HistoryAsync(ann, channel, new { after = seen.LastOrDefault(), limit = 200 });
            page.Items("messages").Should().NotBeEmpty();
            seen.AddRange(page.Sequences());
            if (!page.Flag("more")) break;
        }

        seen.Should().Equal(Enumerable.Range(1, 24).Select(n => (long)n));
        ann.LongestFrame.Should().BeLessThan(MessageLimit);
    }

    [Theory]
    [InlineData("""{"after":0}""")]
    [InlineData("""{"recent":200}""")]
    public async Task The_server_keeps_pages_of_changes_under_1_MiB_and_says_more(string from)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishLargeAsync(ann, channel, 24);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel, Frames.Parse(from));
        var pages = await CatchUpAsync(ben, channel);
        pages.Count.Should().BeGreaterThan(1);
        pages.SelectMany(page => page.Sequences()).Should().Equal(Enumerable.Range(1, 24).Select(n => (long)n));
        pages[^1].Number("version").Should().Be(24);
        ben.LongestFrame.Should().BeLessThan(MessageLimit);
    }

    private static async Task PublishLargeAsync(RawClient client, string channel, int count)
    {
        for (var n = 0; n < count; n++)
            (await client.RequestAsync("publish", new { channel, message = new { id = NewId(), data = new string('d', 60_000) } })).ShouldBe("published");
    }

    /// <summary>A frame of exactly so many bytes.</summary>
    private static string Fill(string head, string filling, string tail, int bytes)
    {
        var room = bytes - Encoding.UTF8.GetByteCount(head + tail);
        var width = Encoding.UTF8.GetByteCount(filling);
        var frame = head + new string('a', room % width) + string.Concat(Enumerable.Repeat(filling, room / width)) + tail;
        Encoding.UTF8.GetByteCount(frame).Should().Be(bytes);
        return frame;
    }
}
