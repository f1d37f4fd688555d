using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>What every <see cref="IChannelStore"/> must do. Derive from it and give it a store; each test gets a fresh one.</summary>
public abstract partial class ChannelStoreConformance : StoreConformance
{
    /// <summary>A channel that was made is found, as each user stands to it.</summary>
    [Fact]
    public async Task ChannelIsFoundAsItWasMade()
    {
        var channel = new NewChannel("room", ChannelKind.Private, "Der Raum 🎈", "ann", ["bob", "ann"], Sample.Time(3));
        Assert.Equal(new CreateResult(CreateOutcome.Created, "room"), await Channels.CreateAsync(channel, Cancel));

        var view = await Channels.FindAsync("room", "ann", Cancel);
        Assert.NotNull(view);
        Assert.Equal((ChannelKind.Private, "Der Raum 🎈", Sample.Time(3)), (view.Kind, view.Settings.Name, view.Created));
        Assert.Equal((ChannelRole.Owner, 0L), (view.Role!.Value, view.Read));
        Assert.Equal(("room", 0L, 0L), (view.Head.Channel, view.Head.Version, view.Head.Sequence));
        Assert.Equal(Assert.Single(await Messages.ReadHeadsAsync(["room"], Cancel)), view.Head);
        Assert.Equal(ChannelRole.Member, (await Channels.FindAsync("room", "bob", Cancel))!.Role);
        Assert.Null((await Channels.FindAsync("room", "eve", Cancel))!.Role);
        Assert.Null(await Channels.FindAsync("nowhere", "ann", Cancel));
    }

    /// <summary>A channel needs neither a name nor an owner nor members.</summary>
    [Fact]
    public async Task ChannelMayBeBare()
    {
        await Channels.CreateAsync(Sample.Channel("bare", owner: null), Cancel);
        Assert.Null((await Channels.FindAsync("bare", "ann", Cancel))!.Settings.Name);
        Assert.Empty((await Channels.ListMembersAsync("bare", null, 10, Cancel)).Members);
    }

    /// <summary>A name that is taken is told so, and what is there stays.</summary>
    [Fact]
    public async Task TakenNameIsRefused()
    {
        await Channels.CreateAsync(Sample.Channel("room", "ann", kind: ChannelKind.Private), Cancel);
        var epoch = (await Channels.FindAsync("room", "ann", Cancel))!.Head.Epoch;

        Assert.Equal(CreateOutcome.Taken, (await Channels.CreateAsync(Sample.Channel("room", "eve"), Cancel)).Outcome);
        Assert.Equal(CreateOutcome.Taken, (await Channels.CreateAsync(Sample.Direct("room", "eve", "bob"), Cancel)).Outcome);
        var view = (await Channels.FindAsync("room", "eve", Cancel))!;
        Assert.Equal((epoch, ChannelKind.Private, (ChannelRole?)null), (view.Head.Epoch, view.Kind, view.Role));
        Assert.Empty((await Channels.ListChannelsAsync("eve", null, 10, Cancel)).Channels);
    }

    /// <summary>Of many who make the same name at once, one does.</summary>
    [Fact]
    public async Task OnlyOneMakesAName()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            Task.Run(() => Channels.CreateAsync(Sample.Channel("room", $"user{number}"), Cancel).AsTask(), Cancel)));

        Assert.Single(results, result => result.Outcome == CreateOutcome.Created);
        Assert.Equal(7, results.Count(result => result.Outcome == CreateOutcome.Taken));
        Assert.Single((await Channels.ListMembersAsync("room", null, 10, Cancel)).Members);
    }

    /// <summary>A pair has one direct channel, whoever asks and under whatever name; both are plain members.</summary>
    [Fact]
    public async Task PairHasOneDirectChannel()
    {
        Assert.Equal(new CreateResult(CreateOutcome.Created, "d1"), await Channels.CreateAsync(Sample.Direct("d1", "zoe", "bob"), Cancel));
        Assert.Equal(new CreateResult(CreateOutcome.PairExists, "d1"), await Channels.CreateAsync(Sample.Direct("d2", "bob", "zoe"), Cancel));
        Assert.Equal(new CreateResult(CreateOutcome.PairExists, "d1"), await Channels.CreateAsync(Sample.Direct("d1", "bob", "zoe"), Cancel));
        var named = new NewChannel("d3", ChannelKind.Direct, null, "bob", ["zoe", "bob"], Sample.Time());
        Assert.Equal(new CreateResult(CreateOutcome.PairExists, "d1"), await Channels.CreateAsync(named, Cancel));
        Assert.Equal(new CreateResult(CreateOutcome.Created, "d4"), await Channels.CreateAsync(Sample.Direct("d4", "bob", "ann"), Cancel));

        var members = (await Channels.ListMembersAsync("d1", null, 10, Cancel)).Members;
        Assert.Equal([new ChannelMember("bob", ChannelRole.Member, 0), new ChannelMember("zoe", ChannelRole.Member, 0)], members);
        Assert.Null(await Channels.FindAsync("d2", "bob", Cancel));
    }

    /// <summary>When a direct channel is deleted, its pair may have another.</summary>
    [Fact]
    public async Task DeletedPairMayBeMadeAgain()
    {
        await Channels.CreateAsync(Sample.Direct("d1", "ann", "bob"), Cancel);
        Assert.True(await Channels.DeleteAsync("d1", Cancel));
        Assert.Equal(new CreateResult(CreateOutcome.Created, "d2"), await Channels.CreateAsync(Sample.Direct("d2", "bob", "ann"), Cancel));
    }

    /// <summary>A deleted channel is gone with its members, marks and messages.</summary>
    [Fact]
    public async Task DeletedChannelIsGoneWithAllOfIt()
    {
        var channel = await NewChannelAsync("room", "bob");
        await channel.PostAsync(new MessageContent("hi", Mentions: ["bob"]));
        await channel.ReactAsync(1, "bob", "+");
        await Channels.MoveReadMarkAsync("room", "bob", 1, Cancel);
        Assert.True(await Channels.DeleteAsync("room", Cancel));

        Assert.False(await Channels.DeleteAsync("room", Cancel));
        Assert.Null(await Channels.FindAsync("room", "bob", Cancel));
        Assert.Empty((await Channels.ListChannelsAsync("bob", null, 10, Cancel)).Channels);
        Assert.Empty((await Channels.ListMembersAsync("room", null, 10, Cancel)).Members);
        Assert.Null(await Channels.MoveReadMarkAsync("room", "bob", 1, Cancel));
        Assert.Empty(await Channels.ListOwnReactionsAsync("room", 1, "bob", Cancel));

        await NewChannelAsync("room");
        var view = (await Channels.FindAsync("room", "bob", Cancel))!;
        Assert.Equal(((ChannelRole?)null, 0L), (view.Role, view.Read));
        await Channels.ApplyAsync(new JoinChange("room", "bob"), Cancel);
        var summary = Assert.Single((await Channels.ListChannelsAsync("bob", null, 10, Cancel)).Channels);
        Assert.Equal((0L, 0L), (summary.Unread, summary.Mentions));
    }

    /// <summary>The user's own reactions to a message come in ordinal order.</summary>
    [Fact]
    public async Task OwnReactionsAreListed()
    {
        var channel = await NewChannelAsync("room");
        await channel.PostManyAsync(2);
        foreach (var reaction in new[] { "b", "🎈", "\uf8ff", "B", "a" }) await channel.ReactAsync(1, "ann", reaction);
        await channel.ReactAsync(1, "bob", "c");
        await channel.ReactAsync(1, "ann", "a", remove: true);

        Assert.Equal(["B", "b", "🎈", "\uf8ff"], await Channels.ListOwnReactionsAsync("room", 1, "ann", Cancel));
        Assert.Equal(["c"], await Channels.ListOwnReactionsAsync("room", 1, "bob", Cancel));
        Assert.Empty(await Channels.ListOwnReactionsAsync("room", 2, "ann", Cancel));
        Assert.Empty(await Channels.ListOwnReactionsAsync("room", 99, "ann", Cancel));
        Assert.Empty(await Channels.ListOwnReactionsAsync("nowhere", 1, "ann", Cancel));
    }

    /// <summary>A call that is cancelled before it began changes nothing.</summary>
    [Fact]
    public async Task CancelledCallsChangeNothing()
    {
        await NewChannelAsync("room");
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Channels.CreateAsync(Sample.Channel("other"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Channels.DeleteAsync("room", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Channels.ApplyAsync(new JoinChange("room", "bob"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Channels.FindAsync("room", "ann", cancelled));
        Assert.Null(await Channels.FindAsync("other", "ann", Cancel));
        Assert.Null((await Channels.FindAsync("room", "bob", Cancel))!.Role);
    }
}
