using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>The same post again is a duplicate: it tells the stored message and writes nothing.</summary>
    [Fact]
    public async Task SamePostAgainIsADuplicate()
    {
        var channel = await NewChannelAsync();
        var post = Sample.Post("lobby", "once", at: 1);
        var first = ChannelDriver.Appended(await channel.ApplyAsync(post));
        var again = await channel.ApplyAsync(post with { Time = Sample.Time(99) });

        Assert.Equal(AppendOutcome.Duplicate, again.Outcome);
        Sample.AssertSame(first, again.Message!);
        await channel.AssertHeadAsync(1, 1);
        Assert.Equal(2, (await channel.PostAsync("next")).Sequence);
    }

    /// <summary>Copies within one batch are stored once.</summary>
    [Fact]
    public async Task CopiesInOneBatchAreStoredOnce()
    {
        var channel = await NewChannelAsync();
        var post = Sample.Post("lobby", "once");
        var results = await Messages.AppendAsync(
            [post, post, Sample.Post("lobby", "other"), post, post with { Sender = "eve" }, Sample.Post("lobby", "last")], Cancel);

        Assert.Equal(
        [
            AppendOutcome.Appended, AppendOutcome.Duplicate, AppendOutcome.Appended, AppendOutcome.Duplicate,
            AppendOutcome.Conflict, AppendOutcome.Appended,
        ], results.Select(result => result.Outcome));
        Assert.Equal(1, results[3].Message!.Sequence);
        Assert.Equal(3, results[5].Message!.Sequence);
        await channel.AssertHeadAsync(3, 3);
    }

    /// <summary>The same id from another sender or with another digest is a conflict that tells nothing.</summary>
    [Fact]
    public async Task SameIdWithAnotherSenderOrDigestConflicts()
    {
        var channel = await NewChannelAsync();
        var post = Sample.Post("lobby", "mine");
        await channel.ApplyAsync(post);
        var conflict = new AppendResult(AppendOutcome.Conflict);

        Assert.Equal(conflict, await channel.ApplyAsync(post with { Sender = "eve" }));
        Assert.Equal(conflict, await channel.ApplyAsync(Sample.Post("lobby", "other", id: post.Id)));
        Assert.Equal(conflict, await channel.ApplyAsync(Sample.Post("lobby", "other", id: post.Id, replyTo: 77)));
        await channel.AssertHeadAsync(1, 1);
        Assert.Equal("mine", (await channel.ReadAsync(1)).Text);
    }

    /// <summary>A retry is known after an edit and after the deletion, and tells the message as it now is.</summary>
    [Fact]
    public async Task RetryIsKnownAfterEditAndDeletion()
    {
        var channel = await NewChannelAsync();
        var post = Sample.Post("lobby", "first");
        await channel.ApplyAsync(post);
        var edited = ChannelDriver.Appended(await channel.EditAsync(1, "second"));
        var afterEdit = await channel.ApplyAsync(post);
        var deleted = ChannelDriver.Appended(await channel.DeleteAsync(1));
        var afterDeletion = await channel.ApplyAsync(post);

        Assert.Equal(AppendOutcome.Duplicate, afterEdit.Outcome);
        Sample.AssertSame(edited, afterEdit.Message!);
        Assert.Equal(AppendOutcome.Duplicate, afterDeletion.Outcome);
        Sample.AssertSame(deleted, afterDeletion.Message!);
        Assert.Equal(AppendOutcome.Conflict, (await channel.ApplyAsync(Sample.Post("lobby", "second", id: post.Id))).Outcome);
        await channel.AssertHeadAsync(3, 1);
    }

    /// <summary>Ids are compared without regard to case and told as first sent.</summary>
    [Fact]
    public async Task IdsIgnoreCaseAndAreToldAsFirstSent()
    {
        var channel = await NewChannelAsync();
        var text = Guid.NewGuid().ToString("D");
        var mixed = string.Concat(text.Select((unit, index) => index % 2 == 0 ? char.ToUpperInvariant(unit) : unit)).Replace('b', 'B');
        var post = Sample.Post("lobby", "once", id: MessageId.Parse(mixed));
        await channel.ApplyAsync(post);
        var again = await channel.ApplyAsync(post with { Id = MessageId.Parse(text) });

        Assert.Equal(AppendOutcome.Duplicate, again.Outcome);
        Assert.Equal(mixed, again.Message!.Id.ToString());
        Assert.Equal(mixed, (await channel.ReadAsync(1)).Id.ToString());
        await channel.AssertHeadAsync(1, 1);
    }

    /// <summary>An id is unique within its channel only.</summary>
    [Fact]
    public async Task SameIdInAnotherChannelIsAnotherMessage()
    {
        var one = await NewChannelAsync("one");
        var two = await NewChannelAsync("two");
        var id = new MessageId(Guid.NewGuid());
        await one.PostAsync("a", id: id);
        await two.PostAsync("b", sender: "bob", id: id);

        Assert.Equal("a", (await one.ReadAsync(1)).Text);
        Assert.Equal("b", (await two.ReadAsync(1)).Text);
    }

    /// <summary>A post that only asks whether it is known never writes.</summary>
    [Fact]
    public async Task OnlyIfKnownWritesNothing()
    {
        var channel = await NewChannelAsync();
        var post = Sample.Post("lobby", "once");
        var question = post with { OnlyIfKnown = true };
        Assert.Equal(new AppendResult(AppendOutcome.NoMessage), await channel.ApplyAsync(question));
        await channel.AssertHeadAsync(0, 0);

        var posted = ChannelDriver.Appended(await channel.ApplyAsync(post));
        var known = await channel.ApplyAsync(question);
        Assert.Equal(AppendOutcome.Duplicate, known.Outcome);
        Sample.AssertSame(posted, known.Message!);
        Assert.Equal(new AppendResult(AppendOutcome.Conflict), await channel.ApplyAsync(question with { Sender = "eve" }));
        await channel.AssertHeadAsync(1, 1);
    }

    /// <summary>
    /// Many tasks at once, with copies among them, edits and reactions: each id is stored once, exactly one copy is told
    /// so, and neither sequence nor version has a gap.
    /// </summary>
    [Fact]
    public async Task ConcurrentAppendsLeaveNoGapAndNoDouble()
    {
        const int tasks = 8, batches = 25, batchSize = 12;
        var names = new[] { "one", "two", "three" };
        foreach (var name in names) await NewChannelAsync(name);
        var random = NewRandom();
        var pool = Enumerable.Range(0, 900).Select(number => Sample.Post(names[number % names.Length], $"{number}")).ToArray();
        var plans = Enumerable.Range(0, tasks).Select(task => Enumerable.Range(0, batches).Select(_ =>
            Enumerable.Range(0, batchSize).Select(MessageChange (_) => random.Next(6) switch
            {
                0 => Sample.Edit(names[random.Next(names.Length)], random.Next(1, 20), $"{random.Next()}"),
                1 => new ReactChange(names[random.Next(names.Length)], Sample.Time(), random.Next(1, 20), $"user{task}", "+", random.Next(2) == 0),
                _ => pool[random.Next(pool.Length)],
            }).ToArray()).ToArray()).ToArray();

        var answers = await Task.WhenAll(plans.Select(plan => Task.Run(async () =>
        {
            var told = new List<(MessageChange Change, AppendResult Result)>();
            foreach (var batch in plan) told.AddRange(batch.Zip(await Messages.AppendAsync(batch, Cancel)));
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
