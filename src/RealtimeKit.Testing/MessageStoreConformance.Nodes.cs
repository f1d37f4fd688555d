using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>
    /// Many tasks at once, with copies among them, edits and reactions: each id is stored once, exactly one copy is told
    /// so, and neither sequence nor version has a gap.
    /// </summary>
    [Fact]
    public async Task ConcurrentAppendsLeaveNoGapAndNoDouble()
    {
        string[] names = ["one", "two", "three"];
        foreach (var name in names) await NewChannelAsync(name);
        await RaceAsync(names, Enumerable.Repeat(Messages, 8).ToArray());
    }

    /// <summary>The same from two nodes in the same twenty channels: nobody waits for ever, and the channels are whole.</summary>
    [Fact]
    public async Task TwoNodesInTheSameChannelsLeaveNoGapAndNoDouble()
    {
        string[] names = [.. Enumerable.Range(0, 20).Select(number => $"room{number}")];
        foreach (var name in names) await NewChannelAsync(name);
        var other = (await AnotherNodeAsync()).Messages;
        await RaceAsync(names, [Messages, other, Messages, other]);
    }

    /// <summary>What one node was told to be stored is there for every other node, for reading, changing and knowing a retry.</summary>
    [Fact]
    public async Task WhatOneNodeHasStoredTheOtherHas()
    {
        await NewChannelAsync();
        var other = await AnotherNodeAsync();
        ChannelDriver here = new(Messages, "lobby"), there = new(other.Messages, "lobby");
        for (var sequence = 1; sequence <= 20; sequence++)
        {
            var (writer, reader) = sequence % 2 == 0 ? (here, there) : (there, here);
            var post = Sample.Post("lobby", $"{sequence}");
            var posted = ChannelDriver.Appended(await writer.ApplyAsync(post));
            Assert.Equal(sequence, posted.Sequence);
            Sample.AssertSame(posted, await reader.ReadAsync(sequence));
            Assert.Equal(await writer.HeadAsync(), await reader.HeadAsync());
            Assert.Equal(AppendOutcome.Duplicate, (await reader.ApplyAsync(post)).Outcome);

            var changed = ChannelDriver.Appended(await reader.ReactAsync(sequence, "bob", "+"));
            Sample.AssertSame(changed, Assert.Single((await writer.ChangesAsync(posted.Version)).Messages));
        }
    }

    private async Task RaceAsync(string[] names, IMessageStore[] tasks)
    {
        const int batches = 25, batchSize = 12;
        var random = NewRandom();
        var pool = Enumerable.Range(0, 900).Select(number => Sample.Post(names[number % names.Length], $"{number}")).ToArray();
        var plans = tasks.Select((_, task) => Enumerable.Range(0, batches).Select(_ =>
        {
            // Every other batch has new messages only, which a store may treat in another way.
            var kinds = random.Next(2) == 0 ? 6 : 1;
            return Enumerable.Range(0, batchSize).Select(MessageChange (_) => (random.Next(kinds) + 6 - kinds) switch
            {
                0 => Sample.Edit(names[random.Next(names.Length)], random.Next(1, 20), $"{random.Next()}"),
                1 => new ReactChange(names[random.Next(names.Length)], Sample.Time(), random.Next(1, 20), $"user{task}", "+", random.Next(2) == 0),
                _ => pool[random.Next(pool.Length)],
            }).ToArray();
        }).ToArray()).ToArray();

        var answers = await Task.WhenAll(plans.Zip(tasks, (plan, store) => Task.Run(async () =>
        {
            var told = new List<(MessageChange Change, AppendResult Result)>();
            foreach (var batch in plan)
                told.AddRange(batch.Zip(await UntilAvailableAsync(() => store.AppendAsync(batch, Cancel).AsTask())));
            return told;
        }, Cancel)));

        var all = answers.SelectMany(told => told).ToList();
        foreach (var name in names) await AssertWholeAsync(new ChannelDriver(Messages, name), all.Where(one => one.Change.Channel == name).ToList());
    }

    private static async Task AssertWholeAsync(ChannelDriver channel, List<(MessageChange Change, AppendResult Result)> told)
    {
        var appended = told.Where(one => one.Result.Outcome == AppendOutcome.Appended).ToList();
        var stored = (await channel.HistoryAsync()).Messages;
        var head = await channel.HeadAsync();
        Assert.Equal(Enumerable.Range(1, (int)head.Version).Select(number => (long)number), appended.Select(one => one.Result.Message!.Version).Order());
        Assert.Equal(Enumerable.Range(1, (int)head.Sequence).Select(number => (long)number), stored.Select(message => message.Sequence));

        var posts = told.Where(one => one.Change is PostChange).GroupBy(one => ((PostChange)one.Change).Id).ToList();
        Assert.Equal(posts.Count, stored.Count);
        foreach (var copies in posts)
        {
            Assert.Single(copies, one => one.Result.Outcome == AppendOutcome.Appended);
            Assert.All(copies, one => Assert.True(one.Result.Outcome is AppendOutcome.Appended or AppendOutcome.Duplicate));
            var sequence = Assert.Single(copies.Select(one => one.Result.Message!.Sequence).Distinct());
            Assert.Equal(copies.Key, stored[(int)sequence - 1].Id);
        }

        foreach (var changes in appended.GroupBy(one => one.Result.Message!.Sequence))
            Sample.AssertSame(changes.MaxBy(one => one.Result.Message!.Version).Result.Message!, stored[(int)changes.Key - 1]);
    }
}
