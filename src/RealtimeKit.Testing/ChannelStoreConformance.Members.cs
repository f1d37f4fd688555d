using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>Members are counted, up to a number.</summary>
    [Fact]
    public async Task MembersAreCountedUpToANumber()
    {
        await Channels.CreateAsync(Sample.Channel("room", members: ["bob", "eve"]), Cancel);
        await Channels.CreateAsync(Sample.Channel("other", members: ["bob"]), Cancel);
        Assert.Equal(3, await Channels.CountMembersAsync("room", 10, Cancel));
        Assert.Equal(3, await Channels.CountMembersAsync("room", 3, Cancel));
        Assert.Equal(2, await Channels.CountMembersAsync("room", 2, Cancel));
        await Channels.ApplyAsync(new RemoveChange("room", "bob"), Cancel);
        await Channels.MoveReadMarkAsync("room", "reader", 1, Cancel);
        Assert.Equal(2, await Channels.CountMembersAsync("room", 10, Cancel));
        Assert.Equal(0, await Channels.CountMembersAsync("nowhere", 10, Cancel));
    }

    /// <summary>A member is made, given another role and removed; what is so already is told.</summary>
    [Fact]
    public async Task MembersComeChangeAndGo()
    {
        await NewChannelAsync("room");
        Assert.Equal(MemberOutcome.Changed, await SetAsync("bob", ChannelRole.Member));
        Assert.Equal(MemberOutcome.Unchanged, await SetAsync("bob", ChannelRole.Member));
        Assert.Equal(MemberOutcome.Changed, await SetAsync("bob", ChannelRole.Moderator));
        Assert.Equal(ChannelRole.Moderator, await RoleAsync("bob"));
        Assert.Equal(MemberOutcome.Changed, await RemoveAsync("bob"));
        Assert.Equal(MemberOutcome.Unchanged, await RemoveAsync("bob"));
        Assert.Null(await RoleAsync("bob"));
        Assert.Null(await RoleAsync("BOB"));
        foreach (var change in (MemberChange[])[new JoinChange("nowhere", "bob"), new RemoveChange("nowhere", "bob")])
            Assert.Equal(new MemberResult(MemberOutcome.NoChannel), await Channels.ApplyAsync(change, Cancel));
    }

    /// <summary>A user who joins gets the role, and one who is a member keeps it.</summary>
    [Fact]
    public async Task JoiningKeepsARole()
    {
        await NewChannelAsync("room");
        Assert.Equal(MemberOutcome.Changed, (await Channels.ApplyAsync(new JoinChange("room", "bob", ChannelRole.Moderator), Cancel)).Outcome);
        foreach (var user in new[] { "ann", "bob" })
            Assert.Equal(MemberOutcome.Unchanged, (await Channels.ApplyAsync(new JoinChange("room", user), Cancel)).Outcome);
        Assert.Equal((ChannelRole.Owner, ChannelRole.Moderator), (await RoleAsync("ann"), await RoleAsync("bob")));
    }

    /// <summary>Leaving is as being removed: the membership ends once, and never the last owner's.</summary>
    [Fact]
    public async Task MembersLeave()
    {
        await NewChannelAsync("room", "bob");
        Assert.Equal(MemberOutcome.LastOwner, (await Channels.ApplyAsync(new LeaveChange("room", "ann"), Cancel)).Outcome);
        Assert.Equal(MemberOutcome.Changed, (await Channels.ApplyAsync(new LeaveChange("room", "bob"), Cancel)).Outcome);
        Assert.Equal(MemberOutcome.Unchanged, (await Channels.ApplyAsync(new LeaveChange("room", "bob"), Cancel)).Outcome);
        Assert.Equal((ChannelRole.Owner, (ChannelRole?)null), (await RoleAsync("ann"), await RoleAsync("bob")));
    }

    /// <summary>A result has the channel's kind and the role before and after; all of it is what <see cref="MemberRules"/> decided.</summary>
    [Fact]
    public async Task ResultsHaveBeforeAndAfter()
    {
        foreach (var kind in Enum.GetValues<ChannelKind>())
        {
            var room = $"room-{kind}";
            await Channels.CreateAsync(Sample.Channel(room, "ann", ["bob"]) with { Kind = kind }, Cancel);
            var user = $"cid-{kind}";
            await ExpectAsync(new JoinChange(room, user), MemberOutcome.Changed, null, ChannelRole.Member, 0);
            await ExpectAsync(new RoleChange(room, user, ChannelRole.Owner), MemberOutcome.Changed, ChannelRole.Member, ChannelRole.Owner, 1);
            await ExpectAsync(new JoinChange(room, user), MemberOutcome.Unchanged, ChannelRole.Owner, ChannelRole.Owner, 1);
            await ExpectAsync(new RoleChange(room, "bob", ChannelRole.Owner), MemberOutcome.Changed, ChannelRole.Member, ChannelRole.Owner, 2);
            await ExpectAsync(new RemoveChange(room, user), MemberOutcome.Changed, ChannelRole.Owner, null, 3);
            await ExpectAsync(new RemoveChange(room, user), MemberOutcome.Unchanged, null, null, 3);
            await ExpectAsync(new JoinChange(room, user) { Revision = 2 }, MemberOutcome.Stale, null, null, 3);
            await ExpectAsync(new JoinChange(room, user) { Revision = 3 }, MemberOutcome.Changed, null, ChannelRole.Member, 3);

            async Task ExpectAsync(MemberChange change, MemberOutcome outcome, ChannelRole? before, ChannelRole? after, long revision)
            {
                var result = await Channels.ApplyAsync(change, Cancel);
                Assert.Equal((outcome, kind, kind, before, after, revision),
                    (result.Outcome, result.Before.Kind, result.After.Kind, result.Before.Role, result.After.Role, result.After.Revision));
                var view = (await Channels.FindAsync(room, change.User, Cancel))!;
                Assert.Equal((after, revision), (view.Role, view.Head.Revision));
            }
        }
    }

    /// <summary>The head's revision rises where a right that a member had is changed, with it and by one, and by nothing else.</summary>
    [Fact]
    public async Task RevisionRisesWithTakenRights()
    {
        var room = await NewChannelAsync("room", "bob");
        Assert.Equal(0, await RevisionAsync());
        await SetAsync("cid", ChannelRole.Member);
        await SetAsync("cid", ChannelRole.Member);
        await RemoveAsync("nobody");
        await RemoveAsync("ann");
        Assert.Equal(0, await RevisionAsync());
        await SetAsync("cid", ChannelRole.Moderator);
        Assert.Equal(1, await RevisionAsync());
        await RemoveAsync("cid");
        await RemoveAsync("cid");
        Assert.Equal(2, await RevisionAsync());
        await room.PostAsync("x");
        Assert.Equal(2, await RevisionAsync());
        await RemoveAsync("bob");
        Assert.Equal(3, await RevisionAsync());
    }

    /// <summary>The last owner can neither go nor be given a lower role; one of two can.</summary>
    [Fact]
    public async Task LastOwnerStays()
    {
        await NewChannelAsync("room", "bob");
        Assert.Equal(MemberOutcome.LastOwner, await RemoveAsync("ann"));
        Assert.Equal(MemberOutcome.LastOwner, await SetAsync("ann", ChannelRole.Moderator));
        Assert.Equal(MemberOutcome.Unchanged, await SetAsync("ann", ChannelRole.Owner));
        Assert.Equal(ChannelRole.Owner, await RoleAsync("ann"));

        Assert.Equal(MemberOutcome.Changed, await SetAsync("bob", ChannelRole.Owner));
        Assert.Equal(MemberOutcome.Changed, await SetAsync("ann", ChannelRole.Member));
        Assert.Equal(MemberOutcome.LastOwner, await RemoveAsync("bob"));
        Assert.Equal(MemberOutcome.Changed, await RemoveAsync("ann"));
    }

    /// <summary>Of two owners who step down at once, one stays.</summary>
    [Fact]
    public async Task TwoOwnersCannotLeaveAtOnce()
    {
        await NewChannelAsync("room", "bob");
        await SetAsync("bob", ChannelRole.Owner);
        var outcomes = await Task.WhenAll(Task.Run(() => RemoveAsync("ann"), Cancel), Task.Run(() => RemoveAsync("bob"), Cancel));
        Assert.Equal([MemberOutcome.Changed, MemberOutcome.LastOwner], outcomes.Order());
    }

    /// <summary>A channel without an owner lets its members go.</summary>
    [Fact]
    public async Task MembersOfAnOwnerlessChannelMayGo()
    {
        await Channels.CreateAsync(Sample.Channel("room", owner: null, members: ["bob"]), Cancel);
        Assert.Equal(MemberOutcome.Changed, await RemoveAsync("bob"));
    }

    /// <summary>A moderator learns whether the channel has an owner.</summary>
    [Fact]
    public async Task ModeratorsLearnWhetherThereIsAnOwner()
    {
        await Channels.CreateAsync(Sample.Channel("room", owner: null, members: ["bob", "eve"]), Cancel);
        Assert.Equal(MemberOutcome.Changed, await SetAsync("bob", ChannelRole.Moderator));
        Assert.True((await Channels.FindAsync("room", "bob", Cancel))!.Ownerless);
        Assert.False((await Channels.FindAsync("room", "eve", Cancel))!.Ownerless);

        Assert.Equal(MemberOutcome.Changed, await SetAsync("eve", ChannelRole.Owner));
        Assert.False((await Channels.FindAsync("room", "bob", Cancel))!.Ownerless);
        Assert.False((await Channels.FindAsync("room", "eve", Cancel))!.Ownerless);
    }

    /// <summary>Members are listed in ordinal order, with role and mark, in pages.</summary>
    [Fact]
    public async Task MembersAreListedInPages()
    {
        var users = new[] { "b", "B", "a-1", "a_1", "a.1", "Z", "zz", "a", "0" };
        await NewChannelAsync("room", users);
        var channel = new ChannelDriver(Messages, "room");
        await channel.PostManyAsync(3);
        await Channels.MoveReadMarkAsync("room", "b", 2, Cancel);
        var ordered = users.Append("ann").Order(StringComparer.Ordinal).ToList();

        var all = await Channels.ListMembersAsync("room", null, 10, Cancel);
        Assert.Equal((10, false), (all.Members.Count, all.More));
        Assert.Equal(ordered, all.Members.Select(member => member.User));
        Assert.Equal(new ChannelMember("b", ChannelRole.Member, 2), Assert.Single(all.Members, member => member.User == "b"));
        Assert.Equal(new ChannelMember("ann", ChannelRole.Owner, 0), Assert.Single(all.Members, member => member.User == "ann"));

        var first = await Channels.ListMembersAsync("room", null, 4, Cancel);
        Assert.Equal(ordered[..4], first.Members.Select(member => member.User));
        Assert.True(first.More);
        var rest = await Channels.ListMembersAsync("room", ordered[3], 6, Cancel);
        Assert.Equal(ordered[4..], rest.Members.Select(member => member.User));
        Assert.False(rest.More);
        Assert.Equal(ordered[6..], (await Channels.ListMembersAsync("room", ordered[5] + "-", 10, Cancel)).Members.Select(member => member.User));
        Assert.Empty((await Channels.ListMembersAsync("room", "zzz", 10, Cancel)).Members);
        Assert.Empty((await Channels.ListMembersAsync("nowhere", null, 10, Cancel)).Members);
    }

    /// <summary>A read mark only moves forward, and not beyond the last message.</summary>
    [Fact]
    public async Task ReadMarksMoveForwardOnly()
    {
        var channel = await NewChannelAsync("room", "bob");
        Assert.Equal(new ReadMark(0, false), await MarkAsync("bob", 5));
        await channel.PostManyAsync(5);
        Assert.Equal(new ReadMark(3, true), await MarkAsync("bob", 3));
        Assert.Equal(new ReadMark(3, false), await MarkAsync("bob", 3));
        Assert.Equal(new ReadMark(3, false), await MarkAsync("bob", 1));
        Assert.Equal(new ReadMark(3, false), await MarkAsync("bob", -1));
        Assert.Equal(new ReadMark(5, true), await MarkAsync("bob", long.MaxValue));
        Assert.Equal(5, (await Channels.FindAsync("room", "bob", Cancel))!.Read);
        Assert.Equal(0, (await Channels.FindAsync("room", "ann", Cancel))!.Read);
        Assert.Null(await Channels.MoveReadMarkAsync("nowhere", "bob", 1, Cancel));
    }

    /// <summary>Whoever is no member has a mark too, and it outlives the membership.</summary>
    [Fact]
    public async Task MarksDoNotNeedMembership()
    {
        var channel = await NewChannelAsync("room", "bob");
        await channel.PostManyAsync(2);
        Assert.Equal(new ReadMark(1, true), await MarkAsync("eve", 1));
        Assert.Equal(1, (await Channels.FindAsync("room", "eve", Cancel))!.Read);
        await MarkAsync("bob", 2);
        await RemoveAsync("bob");
        Assert.Equal(2, (await Channels.FindAsync("room", "bob", Cancel))!.Read);
    }

    /// <summary>
    /// Of marks that come at once each says where its user's mark is, at least where it was wanted; each that moved a mark is one step of it.
    /// </summary>
    [Fact]
    public async Task MarksMayComeAtOnce()
    {
        const int marks = 600, messages = 40;
        var random = NewRandom();
        string[] names = ["lobby", "other", "nowhere"], users = ["ann", "bob", "cid"];
        foreach (var name in names[..2]) await (await NewChannelAsync(name)).PostManyAsync(messages);
        var calls = Enumerable.Range(0, marks).Select(_ => (Channel: names[random.Next(3)], User: users[random.Next(3)], Wanted: (long)random.Next(1, messages + 1))).ToList();
        var results = await Task.WhenAll(calls.Select(async call =>
            (Call: call, Mark: await Channels.MoveReadMarkAsync(call.Channel, call.User, call.Wanted, Cancel))));

        Assert.All(results, result => Assert.Equal(result.Call.Channel == "nowhere", result.Mark is null));
        foreach (var ofOne in results.Where(result => result.Mark is not null).GroupBy(result => (result.Call.Channel, result.Call.User)))
        {
            Assert.All(ofOne, result => Assert.True(result.Mark!.Value.Sequence >= result.Call.Wanted));
            Assert.All(ofOne, result => Assert.True(!result.Mark!.Value.Moved || result.Mark.Value.Sequence == result.Call.Wanted));
            var steps = ofOne.Where(result => result.Mark!.Value.Moved).Select(result => result.Call.Wanted).ToList();
            Assert.Equal(steps.Count, steps.Distinct().Count());
            Assert.Equal(ofOne.Max(result => result.Call.Wanted), steps.Max());
            Assert.Equal(steps.Max(), (await Channels.FindAsync(ofOne.Key.Channel, ofOne.Key.User, Cancel))!.Read);
        }
    }

    private async Task<MemberOutcome> SetAsync(string user, ChannelRole role) => (await Channels.ApplyAsync(new RoleChange("room", user, role), Cancel)).Outcome;

    private async Task<MemberOutcome> RemoveAsync(string user) => (await Channels.ApplyAsync(new RemoveChange("room", user), Cancel)).Outcome;

    private async Task<ReadMark?> MarkAsync(string user, long sequence) => await Channels.MoveReadMarkAsync("room", user, sequence, Cancel);

    private async Task<long> RevisionAsync()
    {
        var head = (await Channels.FindAsync("room", "ann", Cancel))!.Head;
        Assert.Equal(head, Assert.Single(await Messages.ReadHeadsAsync(["room"], Cancel)));
        Assert.Equal(head, (await Messages.ReadChangesAsync("room", 0, new PageLimit(10, 1_000), Cancel))!.Head);
        return head.Revision;
    }

    private async Task<ChannelRole?> RoleAsync(string user) => (await Channels.FindAsync("room", user, Cancel))!.Role;
}
