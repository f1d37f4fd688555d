using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>Of two nodes that make the same name, or the same pair's channel, at once, one does.</summary>
    [Fact]
    public async Task OnlyOneNodeMakesAChannel()
    {
        var other = (await AnotherNodeAsync()).Channels;
        for (var round = 0; round < 20; round++)
        {
            var (name, user) = ($"room{round}", $"user{round}");
            var made = await BothAsync(
                Channels, other, (channels, node) => channels.CreateAsync(Sample.Channel(name, $"owner{node}"), Cancel).AsTask());
            Assert.Equal([CreateOutcome.Created, CreateOutcome.Taken], made.Select(one => one.Outcome).Order());

            var paired = await BothAsync(
                Channels, other, (channels, node) => channels.CreateAsync(Sample.Direct($"direct{round}-{node}", "ann", user), Cancel).AsTask());
            Assert.Equal([CreateOutcome.Created, CreateOutcome.PairExists], paired.Select(one => one.Outcome).Order());
            Assert.Equal(paired[0].Channel, paired[1].Channel);
        }
    }

    /// <summary>Of two owners who step down on two nodes at once, one stays.</summary>
    [Fact]
    public async Task OwnersOnTwoNodesCannotLeaveAtOnce()
    {
        var other = (await AnotherNodeAsync()).Channels;
        for (var round = 0; round < 20; round++)
        {
            var name = $"room{round}";
            await NewChannelAsync(name, "bob");
            await Channels.ApplyAsync(new RoleChange(name, "bob", ChannelRole.Owner), Cancel);
            var outcomes = await BothAsync(Channels, other, (channels, node) => channels.ApplyAsync(
                node == 0 ? new RemoveChange(name, "ann") : new RoleChange(name, "bob", ChannelRole.Member), Cancel).AsTask());
            Assert.Equal([MemberOutcome.Changed, MemberOutcome.LastOwner], outcomes.Select(one => one.Outcome).Order());
        }
    }

    /// <summary>A channel that one node deletes while the other writes to it is gone, with what was written last.</summary>
    [Fact]
    public async Task ChannelDeletedByAnotherNodeIsGone()
    {
        var other = await AnotherNodeAsync();
        for (var round = 0; round < 20; round++)
        {
            var name = $"room{round}";
            await NewChannelAsync(name, "bob");
            await Task.WhenAll(
                Task.Run(() => UntilAvailableAsync(() => Channels.DeleteAsync(name, Cancel).AsTask()), Cancel),
                Task.Run(() => UntilAvailableAsync(() => other.Messages.AppendAsync([Sample.Post(name, "late")], Cancel).AsTask()), Cancel),
                Task.Run(() => UntilAvailableAsync(() => other.Channels.MoveReadMarkAsync(name, "ann", 1, Cancel).AsTask()), Cancel),
                Task.Run(() => UntilAvailableAsync(() => other.Channels.ApplyAsync(new JoinChange(name, "eve"), Cancel).AsTask()), Cancel));

            Assert.Null(await other.Channels.FindAsync(name, "ann", Cancel));
            await NewChannelAsync(name);
            Assert.Equal((0, 0), ((await Channels.FindAsync(name, "ann", Cancel))!.Head.Sequence, (await Channels.FindAsync(name, "ann", Cancel))!.Read));
            Assert.Equal(["ann"], (await Channels.ListMembersAsync(name, null, 10, Cancel)).Members.Select(member => member.User));
        }
    }

    private static Task<T[]> BothAsync<T>(IChannelStore one, IChannelStore other, Func<IChannelStore, int, Task<T>> call) => Task.WhenAll(
        Task.Run(() => UntilAvailableAsync(() => call(one, 0)), Cancel), Task.Run(() => UntilAvailableAsync(() => call(other, 1)), Cancel));
}
