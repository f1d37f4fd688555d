using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>A membership whose call was given up, and that was ended by a later call, does not begin afterwards.</summary>
    [Fact]
    public async Task MemberGivenUpDoesNotComeAfterwards()
    {
        const int rounds = 100;
        var random = NewRandom();
        await NewChannelAsync("room");
        await WhileBusyAsync(async () =>
        {
            for (var round = 0; round < rounds; round++)
            {
                var user = $"guest{round}";
                await GiveUpAsync(random, cancel => Channels.ApplyAsync(new JoinChange("room", user), cancel).AsTask());
                await UntilAvailableAsync(() => Channels.ApplyAsync(new RemoveChange("room", user), Cancel).AsTask());
            }
        });
        Assert.Equal(["ann"], (await Channels.ListMembersAsync("room", null, rounds, Cancel)).Members.Select(member => member.User));
    }

    /// <summary>A channel whose making was given up, and that was deleted by a later call, is not made afterwards; nor the other way round.</summary>
    [Fact]
    public async Task ChannelGivenUpIsNotMadeOrDeletedAfterwards()
    {
        const int rounds = 60;
        var random = NewRandom();
        await WhileBusyAsync(async () =>
        {
            for (var round = 0; round < rounds; round++)
            {
                var (late, early) = ($"late{round}", $"early{round}");
                await GiveUpAsync(random, cancel => Channels.CreateAsync(Sample.Channel(late), cancel).AsTask());
                await UntilAvailableAsync(() => Channels.DeleteAsync(late, Cancel).AsTask());

                await NewChannelAsync(early);
                await GiveUpAsync(random, cancel => Channels.DeleteAsync(early, cancel).AsTask());
                await UntilAvailableAsync(() => Channels.CreateAsync(Sample.Channel(early), Cancel).AsTask());
            }
        });
        for (var round = 0; round < rounds; round++)
        {
            Assert.Null(await Channels.FindAsync($"late{round}", "ann", Cancel));
            Assert.NotNull(await Channels.FindAsync($"early{round}", "ann", Cancel));
        }
    }

    /// <summary>All channels get other epochs, on all nodes, and stay as they are.</summary>
    [Fact]
    public async Task RenewedEpochsDiffer()
    {
        string[] names = [.. Enumerable.Range(0, 12).Select(number => $"room{number}")];
        foreach (var name in names) await NewChannelAsync(name, "bob");
        var room = new ChannelDriver(Messages, "room1");
        await room.PostManyAsync(3);
        await room.EditAsync(2, "edited");
        var before = (await Messages.ReadHeadsAsync(names, Cancel)).ToDictionary(head => head.Channel);
        await Channels.RenewEpochsAsync(Cancel);

        var after = (await (await AnotherNodeAsync()).Messages.ReadHeadsAsync(names, Cancel)).ToDictionary(head => head.Channel);
        Assert.Equal(names.Length * 2, before.Values.Concat(after.Values).Select(head => head.Epoch).Distinct().Count());
        Assert.All(names, name => Assert.Equal(before[name], after[name] with { Epoch = before[name].Epoch }));
        Assert.Equal(after["room1"], (await Channels.FindAsync("room1", "bob", Cancel))!.Head);
        Assert.Equal(after["room1"], (await room.HistoryAsync()).Head);
        var posted = await room.ApplyAsync(Sample.Post("room1", "later"));
        Assert.Equal((after["room1"].Epoch, 4L), (posted.Epoch, posted.Message!.Sequence));
    }
}
