using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>
    /// Without <c>after</c> a page has the newest of the range, with it the oldest; always in ascending sequence, and it
    /// tells whether the range has more.
    /// </summary>
    [Theory]
    [InlineData(null, null, 4, new long[] { 7, 8, 9, 10 }, true)]
    [InlineData(null, null, 10, new long[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, false)]
    [InlineData(7L, null, 3, new long[] { 4, 5, 6 }, true)]
    [InlineData(4L, null, 3, new long[] { 1, 2, 3 }, false)]
    [InlineData(1L, null, 3, new long[0], false)]
    [InlineData(0L, null, 3, new long[0], false)]
    [InlineData(99L, null, 2, new long[] { 9, 10 }, true)]
    [InlineData(long.MaxValue, null, 2, new long[] { 9, 10 }, true)]
    [InlineData(null, 0L, 3, new long[] { 1, 2, 3 }, true)]
    [InlineData(null, 7L, 3, new long[] { 8, 9, 10 }, false)]
    [InlineData(null, 10L, 3, new long[0], false)]
    [InlineData(null, long.MaxValue, 3, new long[0], false)]
    [InlineData(8L, 3L, 2, new long[] { 4, 5 }, true)]
    [InlineData(8L, 3L, 4, new long[] { 4, 5, 6, 7 }, false)]
    [InlineData(4L, 3L, 4, new long[0], false)]
    [InlineData(3L, 8L, 4, new long[0], false)]
    public async Task HistoryHasTheRangeThatWasAskedFor(long? before, long? after, int count, long[] expected, bool more)
    {
        var channel = await NewChannelAsync();
        var other = await NewChannelAsync("other");
        await channel.PostManyAsync(10);
        await other.PostManyAsync(3);
        await channel.EditAsync(2, "changed");

        Assert.Equal(ChannelDriver.Describe(expected, more), await channel.SequencesAsync(Sample.Count(count), before, after));
    }

    /// <summary>A page of history comes with the head of the same view, and messages as they now are.</summary>
    [Fact]
    public async Task HistoryHasTheHeadAndPresentMessages()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(3);
        var edited = ChannelDriver.Appended(await channel.EditAsync(2, "changed"));
        var page = await channel.HistoryAsync(Sample.Count(2));

        Assert.Equal(await channel.HeadAsync(), page.Head);
        Sample.AssertSame(edited, page.Messages[0]);
    }

    /// <summary>Where the bytes run out, the newest are kept without <c>after</c> and the oldest with it.</summary>
    [Fact]
    public async Task HistoryIsPagedByBytes()
    {
        const int size = 10_000;
        var channel = await NewChannelAsync();
        for (var number = 0; number < 6; number++) await channel.PostAsync(new string('x', size));
        var limit = new PageLimit(100, size + (size / 2));

        Assert.Equal("5 6…", await channel.SequencesAsync(limit));
        Assert.Equal("1 2…", await channel.SequencesAsync(limit, after: 0));
        Assert.Equal("1", await channel.SequencesAsync(new PageLimit(100, 1), before: 2));
    }

    /// <summary>An empty channel has an empty history and a head at zero.</summary>
    [Fact]
    public async Task EmptyChannelHasAnEmptyHistory()
    {
        var channel = await NewChannelAsync();
        Assert.Equal("", await channel.SequencesAsync());
        Assert.Equal("", await channel.SequencesAsync(after: 0));
        await channel.AssertHeadAsync(0, 0);
    }

    /// <summary>The heads of many channels come in one call; those that do not exist are left out.</summary>
    [Fact]
    public async Task HeadsOfManyChannelsComeInOneCall()
    {
        const int count = 250;
        for (var number = 0; number < count; number++) await NewChannelAsync($"channel-{number}");
        await Messages.AppendAsync([.. Enumerable.Range(0, count).SelectMany(number =>
            Enumerable.Range(0, number % 3).Select(_ => Sample.Post($"channel-{number}", "x")))], Cancel);
        var names = Enumerable.Range(0, count + 50).Select(number => $"channel-{number}").ToList();
        var heads = await Messages.ReadHeadsAsync(names, Cancel);

        Assert.Equal(count, heads.Count);
        Assert.All(heads, head => Assert.Equal(int.Parse(head.Channel[8..], null) % 3, head.Version));
        Assert.All(heads, head => Assert.Equal(head.Version, head.Sequence));
        Assert.Equal(count, heads.Select(head => head.Epoch).Distinct().Count());
        Assert.Empty(await Messages.ReadHeadsAsync([], Cancel));
        Assert.Empty(await Messages.ReadHeadsAsync(["nowhere"], Cancel));
    }

    /// <summary>Names of channels differ by case.</summary>
    [Fact]
    public async Task NamesOfChannelsDifferByCase()
    {
        var lower = await NewChannelAsync("room");
        await NewChannelAsync("Room");
        await lower.PostAsync("x");
        var heads = await Messages.ReadHeadsAsync(["Room", "room", "ROOM"], Cancel);
        Assert.Equal(
            [("Room", 0L), ("room", 1)],
            heads.OrderBy(head => head.Channel, StringComparer.Ordinal).Select(head => (head.Channel, head.Version)));
    }

    /// <summary>A channel made again has another epoch and starts at nothing, also for ids that it knew before.</summary>
    [Fact]
    public async Task ChannelMadeAgainStartsAnew()
    {
        var channel = await NewChannelAsync();
        var keep = await NewChannelAsync("keep");
        var post = Sample.Post("lobby", "once");
        var epoch = (await channel.HeadAsync()).Epoch;
        await channel.ApplyAsync(post);
        await channel.PostAsync("answer", replyTo: 1);
        await channel.ReactAsync(1, "ann", "+");
        await keep.PostAsync("stays");
        Assert.Equal(epoch, (await channel.HeadAsync()).Epoch);
        Assert.True(epoch.Length >= 16);

        Assert.True(await Channels.DeleteAsync("lobby", Cancel));
        Assert.Null(await Messages.ReadChangesAsync("lobby", 0, Sample.All, Cancel));
        Assert.Equal(AppendOutcome.NoChannel, (await channel.ApplyAsync(post)).Outcome);
        await NewChannelAsync();
        Assert.NotEqual(epoch, (await channel.HeadAsync()).Epoch);
        Assert.Equal("", await channel.SequencesAsync());
        Assert.Empty((await channel.ChangesAsync(0)).Messages);
        Assert.Equal((1, 1), (ChannelDriver.Appended(await channel.ApplyAsync(post)).Sequence, 1));
        Assert.Empty((await channel.ReadAsync(1)).Reactions);
        Assert.Equal("1", await channel.SequencesAsync(thread: 1));
        Assert.Equal("stays", (await keep.ReadAsync(1)).Text);
    }
}
