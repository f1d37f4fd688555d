using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>A pinned message says when and by whom, as long as it is pinned; each change takes a version and leaves the rest as it is.</summary>
    [Fact]
    public async Task APinnedMessageSaysSinceWhenAndByWhom()
    {
        var channel = await NewChannelAsync();
        var content = new MessageContent("text", JsonValue.Parse("{\"a\":1}"), JsonValue.Parse("[{}]"), ["bob"]);
        var posted = await channel.PostAsync(content);
        var reacted = ChannelDriver.Appended(await channel.ReactAsync(1, "bob", "+"));
        var pinned = ChannelDriver.Appended(await channel.PinAsync(1, "mod", at: 5));

        Sample.AssertSame(reacted with { Version = 3, PinnedAt = Sample.Time(5), PinnedBy = "mod" }, pinned);
        Sample.AssertSame(pinned, await channel.ReadAsync(1));
        Sample.AssertSame(pinned, Assert.Single((await channel.ChangesAsync(2)).Messages));
        var edited = ChannelDriver.Appended(await channel.EditAsync(1, "other", at: 6));
        Assert.Equal((Sample.Time(5), "mod"), (edited.PinnedAt, edited.PinnedBy));
        Sample.AssertSame(edited, await channel.ReadAsync(1));
        var unpinned = ChannelDriver.Appended(await channel.PinAsync(1, "ann", remove: true, at: 7));
        Sample.AssertSame(edited with { Version = 5, PinnedAt = null, PinnedBy = null }, unpinned);
        Sample.AssertSame(unpinned, await channel.ReadAsync(1));
        Assert.Null(posted.PinnedAt);
        await channel.AssertHeadAsync(5, 1);
    }

    /// <summary>Pinning what is pinned and unpinning what is not change nothing; of a deleted message both conflict.</summary>
    [Fact]
    public async Task RepeatedPinsChangeNothing()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var never = await channel.PinAsync(1, remove: true);
        Assert.Equal((AppendOutcome.Unchanged, 1), (never.Outcome, never.Message!.Version));
        var pinned = ChannelDriver.Appended(await channel.PinAsync(1, "mod", at: 5));
        var again = await channel.PinAsync(1, "ann", at: 6);
        Assert.Equal(AppendOutcome.Unchanged, again.Outcome);
        Sample.AssertSame(pinned, again.Message!);
        ChannelDriver.AssertRefused(AppendOutcome.NoMessage, await channel.PinAsync(2));
        ChannelDriver.AssertRefused(AppendOutcome.NoMessage, await channel.PinAsync(2, remove: true));

        var deleted = ChannelDriver.Appended(await channel.DeleteAsync(1, at: 7));
        Assert.Equal((null, null), (deleted.PinnedAt, deleted.PinnedBy));
        Sample.AssertSame(deleted, await channel.ReadAsync(1));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.PinAsync(1));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.PinAsync(1, remove: true));
        Assert.Equal("", await channel.SequencesAsync(pinned: true));
        await channel.AssertHeadAsync(3, 1);
    }

    /// <summary>Pinned messages are read by sequence, within a range and a thread, page by page.</summary>
    [Fact]
    public async Task PinnedMessagesAreReadLikeOthers()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(20);
        await channel.PostAsync("answer", replyTo: 4);
        await channel.PostAsync("answer", replyTo: 21);
        foreach (var sequence in new[] { 12, 4, 22, 8, 1, 16 }) ChannelDriver.Appended(await channel.PinAsync(sequence));
        await NewChannelAsync("other");

        Assert.Equal("1 4 8 12 16 22", await channel.SequencesAsync(pinned: true));
        Assert.Equal("16 22…", await channel.SequencesAsync(Sample.Count(2), pinned: true));
        Assert.Equal("8 12…", await channel.SequencesAsync(Sample.Count(2), before: 16, pinned: true));
        Assert.Equal("1 4", await channel.SequencesAsync(Sample.Count(2), before: 8, pinned: true));
        Assert.Equal("4 8…", await channel.SequencesAsync(Sample.Count(2), after: 1, pinned: true));
        Assert.Equal("16 22", await channel.SequencesAsync(Sample.Count(2), after: 12, pinned: true));
        Assert.Equal("8 12", await channel.SequencesAsync(before: 16, after: 4, pinned: true));
        Assert.Equal("4 22", await channel.SequencesAsync(thread: 4, pinned: true));
        Assert.Equal("22…", await channel.SequencesAsync(Sample.Count(1), thread: 4, pinned: true));
        Assert.Equal("4…", await channel.SequencesAsync(Sample.Count(1), after: 0, thread: 4, pinned: true));
        await channel.PinAsync(8, remove: true);
        await channel.DeleteAsync(16);
        Assert.Equal("1 4 12 22", await channel.SequencesAsync(pinned: true));
        Assert.Empty((await Messages.ReadHistoryAsync(new HistoryQuery("other", Sample.All, Pinned: true), Cancel))!.Messages);
        Assert.Null(await Messages.ReadHistoryAsync(new HistoryQuery("nowhere", Sample.All, Pinned: true), Cancel));
    }

    /// <summary>At most so many messages of a channel are pinned; unpinning and deleting make room, also within one batch.</summary>
    [Fact]
    public async Task AChannelHasALimitOfPinnedMessages()
    {
        var channel = await NewChannelAsync();
        await channel.PostManyAsync(ChangeRules.MaxPins + 5);
        var pins = Enumerable.Range(1, ChangeRules.MaxPins + 1).Select(MessageChange (sequence) => new PinChange("lobby", Sample.Time(), sequence, "ann"));
        var results = await Messages.AppendAsync([.. pins], Cancel);
        Assert.All(results.SkipLast(1), result => Assert.Equal(AppendOutcome.Appended, result.Outcome));
        ChannelDriver.AssertRefused(AppendOutcome.TooManyPins, results[^1] with { Epoch = null });
        ChannelDriver.AssertRefused(AppendOutcome.TooManyPins, await channel.PinAsync(ChangeRules.MaxPins + 2));
        Assert.Equal(AppendOutcome.Unchanged, (await channel.PinAsync(7)).Outcome);

        results = await Messages.AppendAsync(
        [
            new PinChange("lobby", Sample.Time(), 3, "ann", Remove: true), new PinChange("lobby", Sample.Time(), 101, "ann"),
            new PinChange("lobby", Sample.Time(), 102, "ann"), new DeleteChange("lobby", Sample.Time(), 4),
            new PinChange("lobby", Sample.Time(), 103, "ann"), new PinChange("lobby", Sample.Time(), 104, "ann"),
        ], Cancel);
        Assert.Equal(
            [AppendOutcome.Appended, AppendOutcome.Appended, AppendOutcome.TooManyPins, AppendOutcome.Appended, AppendOutcome.Appended, AppendOutcome.TooManyPins],
            results.Select(result => result.Outcome));
        Assert.Equal(ChangeRules.MaxPins, (await channel.HistoryAsync(pinned: true)).Messages.Count);
        ChannelDriver.AssertRefused(AppendOutcome.TooManyPins, await channel.PinAsync(104));
    }

    /// <summary>A message is posted, pinned and deleted within one batch; another one stays pinned.</summary>
    [Fact]
    public async Task AMessageIsPinnedInTheBatchThatPostsIt()
    {
        var channel = await NewChannelAsync();
        var results = await Messages.AppendAsync(
        [
            Sample.Post("lobby", "one"), new PinChange("lobby", Sample.Time(1), 1, "mod"), Sample.Post("lobby", "two"),
            new PinChange("lobby", Sample.Time(2), 2, "mod"), new DeleteChange("lobby", Sample.Time(3), 2),
        ], Cancel);

        Assert.All(results, result => Assert.Equal(AppendOutcome.Appended, result.Outcome));
        Sample.AssertSame(results[1].Message!, await channel.ReadAsync(1));
        Assert.Equal("1", await channel.SequencesAsync(pinned: true));
        Assert.Equal([1L, 2L], (await channel.ChangesAsync(0)).Messages.Select(message => message.Sequence));
        await channel.AssertHeadAsync(5, 2);
    }

    /// <summary>Of what a user pins and unpins an action is kept; not of what changes nothing, nor of the application's own.</summary>
    [Fact]
    public async Task PinsAreKeptAsActions()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        await channel.PinAsync(1, "mod", at: 1);
        await channel.PinAsync(1, "ann", at: 2);
        await channel.PinAsync(1, "own", remove: true, at: 3);
        ChannelDriver.Appended(await channel.ApplyAsync(new PinChange("lobby", Sample.Time(4), 1, "system") { IsOfApplication = true }));

        Assert.Equal(
            [new ChannelAction(Sample.Time(3), "own", "unpin", Sequence: 1), new ChannelAction(Sample.Time(1), "mod", "pin", Sequence: 1)],
            (await Channels.ListActionsAsync("lobby", null, 10, Cancel)).Actions);
    }

    /// <summary>A pin that was permitted at an earlier revision, or for another epoch, is not written.</summary>
    [Fact]
    public async Task PinsAreOfARevisionAndAnEpoch()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var head = await channel.HeadAsync();
        var pin = new PinChange("lobby", Sample.Time(), 1, "ann") { Revision = head.Revision, Epoch = head.Epoch };
        await Channels.ApplyAsync(new RoleChange("lobby", "ann", ChannelRole.Owner), Cancel);
        await Channels.ApplyAsync(new BanChange("lobby", "bob", new Sanction("ann", Sample.Time())), Cancel);

        ChannelDriver.AssertRefused(AppendOutcome.Stale, (await channel.ApplyAsync(pin)) with { Epoch = null });
        ChannelDriver.AssertRefused(AppendOutcome.NoMessage, (await channel.ApplyAsync(pin with { Revision = null, Epoch = "other" })) with { Epoch = null });
        await channel.AssertHeadAsync(1, 1);
    }
}
