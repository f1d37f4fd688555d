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

        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ApplyAsync(post with { Sender = "eve" }));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ApplyAsync(Sample.Post("lobby", "other", id: post.Id)));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ApplyAsync(Sample.Post("lobby", "other", id: post.Id, replyTo: 77)));
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
        ChannelDriver.AssertRefused(AppendOutcome.NoMessage, await channel.ApplyAsync(question));
        await channel.AssertHeadAsync(0, 0);

        var posted = ChannelDriver.Appended(await channel.ApplyAsync(post));
        var known = await channel.ApplyAsync(question);
        Assert.Equal(AppendOutcome.Duplicate, known.Outcome);
        Sample.AssertSame(posted, known.Message!);
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ApplyAsync(question with { Sender = "eve" }));
        await channel.AssertHeadAsync(1, 1);
    }
}
