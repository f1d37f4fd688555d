using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>Blocks are kept by user, told in order, and known when they come again.</summary>
    [Fact]
    public async Task BlocksAreKept()
    {
        Assert.Empty(await Channels.ListBlockedAsync("ann", Cancel));
        foreach (var other in new[] { "zoe", "auth0|5f", "bob", "Bob" }) Assert.Equal(BlockOutcome.Changed, await BlockAsync("ann", other));
        Assert.Equal(BlockOutcome.Unchanged, await BlockAsync("ann", "bob"));
        Assert.Equal(["Bob", "auth0|5f", "bob", "zoe"], await Channels.ListBlockedAsync("ann", Cancel));
        Assert.Empty(await Channels.ListBlockedAsync("bob", Cancel));
        Assert.Equal(BlockOutcome.Changed, await BlockAsync("ann", "bob", remove: true));
        Assert.Equal(BlockOutcome.Unchanged, await BlockAsync("ann", "bob", remove: true));
        Assert.Equal(["Bob", "auth0|5f", "zoe"], await Channels.ListBlockedAsync("ann", Cancel));
    }

    /// <summary>A user may block so many and not one more; ending one makes room.</summary>
    [Fact]
    public async Task BlocksAreBounded()
    {
        for (var i = 0; i < ProtocolConstants.MaxBlockedUsers; i++) Assert.Equal(BlockOutcome.Changed, await BlockAsync("ann", $"user{i}"));
        Assert.Equal(BlockOutcome.TooMany, await BlockAsync("ann", "one"));
        Assert.Equal(BlockOutcome.Unchanged, await BlockAsync("ann", "user5"));
        await BlockAsync("ann", "user5", remove: true);
        Assert.Equal(BlockOutcome.Changed, await BlockAsync("ann", "one"));
        Assert.Equal(ProtocolConstants.MaxBlockedUsers, (await Channels.ListBlockedAsync("ann", Cancel)).Count);
    }

    /// <summary>
    /// A block revises the direct channel of the two and says which it is; the blocked one finds it so, the blocker does not; its end revises nothing.
    /// </summary>
    [Fact]
    public async Task BlockRevisesTheDirectChannel()
    {
        await Channels.CreateAsync(Sample.Direct("d", "ann", "bob"), Cancel);
        await Channels.CreateAsync(Sample.Direct("other", "ann", "zoe"), Cancel);
        await NewChannelAsync("room", "bob");
        var permitted = Sample.Post("d", "x", "bob") with { Revision = 0 };
        Assert.Equal(new BlockResult(BlockOutcome.Changed, "d"), await Channels.BlockAsync(new BlockChange("ann", "bob"), Cancel));
        Assert.Equal(AppendOutcome.Stale, Assert.Single(await Messages.AppendAsync([permitted], Cancel)).Outcome);
        Assert.Equal((true, 1L), await FindAsync("d", "bob"));
        Assert.Equal((false, 1L), await FindAsync("d", "ann"));
        Assert.Equal((false, 0L), await FindAsync("other", "zoe"));
        Assert.Equal((false, 0L), await FindAsync("room", "bob"));
        Assert.Equal(new BlockResult(BlockOutcome.Unchanged), await Channels.BlockAsync(new BlockChange("ann", "bob"), Cancel));
        Assert.Equal(new BlockResult(BlockOutcome.Changed), await Channels.BlockAsync(new BlockChange("ann", "bob", Remove: true), Cancel));
        Assert.Equal((false, 1L), await FindAsync("d", "bob"));

        async Task<(bool, long)> FindAsync(string channel, string user) =>
            await Channels.FindAsync(channel, user, Cancel) is { } view ? (view.Blocked, view.Head.Revision) : default;
    }

    /// <summary>Who is blocked makes no direct channel, if that is asked for, and finds one that is there.</summary>
    [Fact]
    public async Task BlockedUserMakesNoDirectChannel()
    {
        await BlockAsync("ann", "bob");
        await NewChannelAsync("taken");
        var wanted = Sample.Direct("d", "bob", "ann") with { HeedsBlocks = true };
        Assert.Equal(CreateOutcome.Blocked, (await Channels.CreateAsync(wanted, Cancel)).Outcome);
        Assert.Equal(CreateOutcome.Blocked, (await Channels.CreateAsync(wanted with { Channel = "taken" }, Cancel)).Outcome);
        Assert.Null(await Channels.FindAsync("d", "bob", Cancel));
        Assert.Equal(CreateOutcome.Created, (await Channels.CreateAsync(Sample.Direct("d", "ann", "bob") with { HeedsBlocks = true }, Cancel)).Outcome);
        Assert.Equal(new CreateResult(CreateOutcome.PairExists, "d"), await Channels.CreateAsync(wanted with { Channel = "e" }, Cancel));
        Assert.True((await Channels.FindAsync("d", "bob", Cancel))!.Blocked);
        await Channels.DeleteAsync("d", Cancel);
        Assert.Equal(CreateOutcome.Created, (await Channels.CreateAsync(wanted with { HeedsBlocks = false }, Cancel)).Outcome);
        Assert.Equal(CreateOutcome.Created, (await Channels.CreateAsync(Sample.Channel("group", "bob", ["ann"], ChannelKind.Private) with { HeedsBlocks = true }, Cancel)).Outcome);
    }

    /// <summary>
    /// Of a block and the making of a direct channel at the same time, on two nodes, one comes first: the channel is not made, or it is revised.
    /// </summary>
    [Fact]
    public async Task BlockAndCreationTakeTurns()
    {
        var other = await AnotherNodeAsync();
        for (var i = 0; i < 30; i++)
        {
            var (ann, bob) = ($"ann{i}", $"bob{i}");
            var blocking = Task.Run(() => UntilAvailableAsync(() => other.Channels.BlockAsync(new BlockChange(ann, bob), Cancel).AsTask()), Cancel);
            var creating = Task.Run(() => UntilAvailableAsync(() => Channels.CreateAsync(Sample.Direct($"d{i}", bob, ann) with { HeedsBlocks = true }, Cancel).AsTask()), Cancel);
            var (block, create) = (await blocking, await creating);
            var view = await Channels.FindAsync($"d{i}", bob, Cancel);
            if (create.Outcome == CreateOutcome.Blocked) Assert.Null(view);
            else Assert.Equal((true, 1L, $"d{i}"), (view!.Blocked, view.Head.Revision, block.Channel));
        }
    }

    /// <summary>Mentions by users whom one blocks do not count, while they are blocked, wherever the mark stands and however many there are.</summary>
    [Fact]
    public async Task MentionsOfTheBlockedDoNotCount()
    {
        const int messages = 2_600;
        var random = NewRandom();
        await NewChannelAsync("room", "bob", "cy", "dan");
        string[] senders = ["bob", "cy", "dan", "ann"];
        var sent = new List<(string Sender, bool Mentions, bool Deleted)>();
        for (var i = 0; i < messages; i++) sent.Add((senders[random.Next(4)], random.Next(3) == 0, false));
        await Messages.AppendAsync([.. sent.Select(one => Sample.Post("room", new MessageContent("x", Mentions: one.Mentions ? ["ann", "zoe"] : null), one.Sender))], Cancel);
        for (var i = 0; i < 200; i++)
        {
            var place = random.Next(messages);
            await Messages.AppendAsync([random.Next(2) == 0
                ? new DeleteChange("room", Sample.Time(1), place + 1)
                : new EditChange("room", Sample.Time(1), place + 1, new ContentEdit(Mentions: new PartEdit<IReadOnlyList<string>>(true, sent[place].Mentions ? null : ["ann"])))], Cancel);
            var now = Assert.Single((await Messages.ReadHistoryAsync(new HistoryQuery("room", Sample.Count(1), After: place), Cancel))!.Messages);
            sent[place] = (sent[place].Sender, now.Content.Mentions?.Contains("ann") == true, now.DeletedAt is not null);
        }

        var blocked = new HashSet<string>();
        for (var read = 0; read < messages; read += random.Next(1, 600))
        {
            if (read > 0) await Channels.MoveReadMarkAsync("room", "ann", read, Cancel);
            var other = senders[random.Next(3)];
            await BlockAsync("ann", other, remove: !blocked.Add(other) && blocked.Remove(other));
            var expected = sent.Skip(read).Count(one => one is { Mentions: true, Deleted: false } && one.Sender != "ann" && !blocked.Contains(one.Sender));
            var row = Assert.Single((await Channels.ListChannelsAsync("ann", null, 5, Cancel)).Channels);
            Assert.Equal((expected, sent.Skip(read).Count(one => !one.Deleted && one.Sender != "ann")), ((int)row.Mentions, (int)row.Unread));
        }
    }

    private async Task<BlockOutcome> BlockAsync(string user, string other, bool remove = false) =>
        (await Channels.BlockAsync(new BlockChange(user, other, remove), Cancel)).Outcome;
}
