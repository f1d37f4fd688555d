using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>Changes are compacted: each message once, as it now is, in ascending version.</summary>
    [Fact]
    public async Task ChangesHaveEachMessageOnceAsItNowIs()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(4);
        await channel.EditAsync(2, "edited");
        await channel.ReactAsync(1, "ann", "+");
        await channel.EditAsync(2, "edited again");
        await channel.DeleteAsync(4);

        // Versions: 3 is message 3, 6 is message 1, 7 is message 2, 8 is message 4.
        Assert.Equal([(3L, 3L), (1, 6), (2, 7), (4, 8)], Places(await channel.ChangesAsync(0)));
        Assert.Equal([(1L, 6L), (2, 7), (4, 8)], Places(await channel.ChangesAsync(3)));
        Assert.Equal([(2L, 7L), (4, 8)], Places(await channel.ChangesAsync(6)));
        Assert.Equal("edited again", (await channel.ChangesAsync(6)).Messages[0].Text);
        Assert.NotNull((await channel.ChangesAsync(7)).Messages[0].DeletedAt);
        Assert.Equal((8, 4), await HeadOfAsync(channel));
    }

    /// <summary>At or beyond the head there is nothing, and the page says where the head is.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(68_719_476_735)]
    [InlineData(long.MaxValue)]
    public async Task NoChangesAfterTheHead(long after)
    {
        var channel = await NewChannelAsync();
        var other = await NewChannelAsync("other");
        await channel.PostManyAsync(3);
        await other.PostManyAsync(3);
        var page = await channel.ChangesAsync(after);

        Assert.Empty(page.Messages);
        Assert.False(page.More);
        Assert.Equal((3, 3), (page.Head.Version, page.Head.Sequence));
        Assert.Equal(await channel.HeadAsync(), page.Head);
    }

    /// <summary>A page ends at the number of messages asked for, and the last message's version is where the next begins.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task ChangesArePagedByCount(int count)
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(10);
        await channel.EditAsync(4, "x");
        var found = await PageThroughAsync(channel, Sample.Count(count), page => Assert.True(page.Messages.Count == count || !page.More));

        Assert.Equal((await channel.ChangesAsync(0)).Messages.Select(message => message.Version), found.Select(message => message.Version));
        Assert.Equal(10, found.Count);
        Assert.False((await channel.ChangesAsync(1, Sample.Count(10))).More);
    }

    /// <summary>A page ends with the message that crosses the bytes asked for, and has one at least.</summary>
    [Fact]
    public async Task ChangesArePagedByBytes()
    {
        const int size = 10_000;
        var channel = await NewChannelAsync();
        for (var number = 0; number < 6; number++) await channel.PostAsync(new string('x', size));

        Assert.Single((await channel.ChangesAsync(0, new PageLimit(100, 1))).Messages);
        Assert.True((await channel.ChangesAsync(0, new PageLimit(100, 1))).More);
        Assert.False((await channel.ChangesAsync(5, new PageLimit(100, 1))).More);
        Assert.Equal(3, (await channel.ChangesAsync(0, new PageLimit(100, (2 * size) + (size / 2)))).Messages.Count);
        Assert.Equal(6, (await PageThroughAsync(channel, new PageLimit(100, size), _ => { })).Count);
    }

    /// <summary>Data and attachments count as bytes of a page too.</summary>
    [Fact]
    public async Task DataCountsAsBytes()
    {
        var channel = await NewChannelAsync();
        var large = new string('x', 20_000);
        for (var number = 0; number < 3; number++)
        {
            await channel.PostAsync(new MessageContent(Data: JsonValue.Parse($"\"{large}\"")));
            await channel.PostAsync(new MessageContent(Attachments: JsonValue.Parse($"[{{\"a\":\"{large}\"}}]")));
        }

        var page = await channel.ChangesAsync(0, new PageLimit(100, 30_000));
        Assert.Equal(2, page.Messages.Count);
        Assert.True(page.More);
    }

    /// <summary>A channel that does not exist has no page at all.</summary>
    [Fact]
    public async Task MissingChannelHasNoPages()
    {
        await NewChannelAsync();
        Assert.Null(await Messages.ReadChangesAsync("nowhere", 0, Sample.All, Cancel));
        Assert.Null(await Messages.ReadHistoryAsync(new HistoryQuery("nowhere", Sample.All), Cancel));
    }

    /// <summary>
    /// While others write, each page and its head are of one moment, and who pages until there is no more holds
    /// everything as it was at the last head.
    /// </summary>
    [Fact]
    public async Task PagesAreConsistentWhileOthersWrite()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(5);
        var seed = NewRandom().Next();
        var writers = Enumerable.Range(0, 3).Select(number => Task.Run(() => WriteAsync(channel, new Random(seed + number)), Cancel)).ToList();

        var held = new Dictionary<long, Message>();
        var cursor = 0L;
        var writing = true;
        while (true)
        {
            var page = await channel.ChangesAsync(cursor, Sample.Count(7));
            foreach (var message in page.Messages)
            {
                Assert.True(message.Version > cursor && message.Version <= page.Head.Version && message.Sequence <= page.Head.Sequence);
                held[message.Sequence] = message;
                cursor = message.Version;
            }

            if (page.More) continue;
            Assert.Equal(page.Head.Version, cursor);
            Assert.Equal(page.Head.Sequence, held.Count);
            if (!writing) break;
            writing = !writers.TrueForAll(writer => writer.IsCompleted);
        }

        await Task.WhenAll(writers);
        Assert.All((await channel.HistoryAsync()).Messages, message => Sample.AssertSame(message, held[message.Sequence]));
    }

    private static async Task WriteAsync(ChannelDriver channel, Random random)
    {
        for (var number = 0; number < 60; number++)
        {
            if (random.Next(3) > 0) await channel.PostAsync($"{number}");
            else await channel.EditAsync(random.Next(1, 6), $"{random.Next()}");
        }
    }

    private static async Task<List<Message>> PageThroughAsync(ChannelDriver channel, PageLimit limit, Action<MessagePage> check)
    {
        var found = new List<Message>();
        MessagePage page;
        do
        {
            page = await channel.ChangesAsync(found.LastOrDefault()?.Version ?? 0, limit);
            check(page);
            Assert.NotEmpty(page.Messages);
            found.AddRange(page.Messages);
        }
        while (page.More);
        return found;
    }

    private static IEnumerable<(long Sequence, long Version)> Places(MessagePage page)
    {
        Assert.False(page.More);
        return page.Messages.Select(message => (message.Sequence, message.Version));
    }

    private static async Task<(long Version, long Sequence)> HeadOfAsync(ChannelDriver channel)
    {
        var head = (await channel.ChangesAsync(0)).Head;
        return (head.Version, head.Sequence);
    }
}
