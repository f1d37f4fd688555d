using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>An answer bears what it answers and the root of the chain.</summary>
    [Fact]
    public async Task AnswersBearTheRootOfTheirChain()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("root");
        var answer = await channel.PostAsync("answer", replyTo: 1);
        var second = await channel.PostAsync("answer to the answer", replyTo: 2);

        Assert.Equal((1L, 1L), (answer.ReplyTo!.Value, answer.Thread!.Value));
        Assert.Equal((2L, 1L), (second.ReplyTo!.Value, second.Thread!.Value));
        Sample.AssertSame(second, await channel.ReadAsync(3));
        var root = await channel.ReadAsync(1);
        Assert.Null(root.Thread);
        Assert.Null(root.ReplyTo);
    }

    /// <summary>An answer to a message that does not exist is refused, also to one of another channel.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(long.MaxValue)]
    public async Task AnswersToAMissingMessageAreRefused(long sequence)
    {
        var channel = await NewChannelAsync();
        var other = await NewChannelAsync("other");
        await other.PostAsync("not here");

        ChannelDriver.AssertRefused(AppendOutcome.NoMessage, await channel.ApplyAsync(Sample.Post("lobby", "x", replyTo: sequence)));
        await channel.AssertHeadAsync(0, 0);
    }

    /// <summary>A message may be answered in the batch that posts it, and when it is deleted.</summary>
    [Fact]
    public async Task FreshAndDeletedMessagesMayBeAnswered()
    {
        var channel = await NewChannelAsync();
        var results = await Messages.AppendAsync([Sample.Post("lobby", "root"), Sample.Post("lobby", "answer", replyTo: 1)], Cancel);
        Assert.Equal(1, ChannelDriver.Appended(results[1]).Thread);

        await channel.DeleteAsync(1);
        Assert.Equal(1, (await channel.PostAsync("late answer", replyTo: 1)).Thread);
        Assert.Equal("1 2 3", await channel.SequencesAsync(thread: 1));
    }

    /// <summary>A thread's history is its root and the answers, cut like any other history.</summary>
    [Fact]
    public async Task ThreadHistoryHasItsRootAndAnswers()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(2);
        foreach (var replyTo in new long?[] { 2, null, 1, 2, 3, null, 6 }) await channel.PostAsync("answer", replyTo: replyTo);

        // 3, 6, 7 and 9 belong to 2; 5 to 1.
        Assert.Equal("2 3 6 7 9", await channel.SequencesAsync(thread: 2));
        Assert.Equal("1 5", await channel.SequencesAsync(thread: 1));
        Assert.Equal("6 7 9…", await channel.SequencesAsync(Sample.Count(3), thread: 2));
        Assert.Equal("2 3…", await channel.SequencesAsync(Sample.Count(2), thread: 2, after: 0));
        Assert.Equal("2 3", await channel.SequencesAsync(Sample.Count(2), thread: 2, before: 6));
        Assert.Equal("3 6", await channel.SequencesAsync(Sample.Count(2), thread: 2, after: 2, before: 7));
        Assert.Equal("7 9", await channel.SequencesAsync(thread: 2, after: 6));
        Assert.Equal("4", await channel.SequencesAsync(thread: 4));
        Assert.Equal("3", await channel.SequencesAsync(thread: 3));
        Assert.Equal("", await channel.SequencesAsync(thread: 99));
    }

    /// <summary>Editing an answer keeps it in its thread.</summary>
    [Fact]
    public async Task EditKeepsTheThread()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("root");
        var answer = await channel.PostAsync("answer", replyTo: 1);
        var edited = ChannelDriver.Appended(await channel.EditAsync(2, "better", at: 1));
        Sample.AssertSame(answer with { Content = new MessageContent("better"), Version = 3, EditedAt = Sample.Time(1) }, edited);
        Sample.AssertSame(edited, (await channel.HistoryAsync(thread: 1)).Messages[1]);
    }
}
