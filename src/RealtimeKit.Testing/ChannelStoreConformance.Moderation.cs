using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>A ban ends a membership and keeps the user out until it is ended.</summary>
    [Fact]
    public async Task BansEndMembershipsAndKeepOut()
    {
        await NewChannelAsync("room", "bob");
        var ban = new Sanction("ann", Sample.Time(5), Sample.Time(1_000), "Спам");
        Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new BanChange("room", "bob", ban), 5));
        Assert.Equal((null, ban, null), await StateAsync("bob"));
        Assert.Equal(MemberOutcome.Banned, await ApplyAsync(new JoinChange("room", "bob"), 6));
        Assert.Equal(MemberOutcome.Banned, await ApplyAsync(new RoleChange("room", "bob", ChannelRole.Owner), 6));
        Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(new RemoveChange("room", "bob"), 6));
        Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new UnbanChange("room", "bob"), 7));
        Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(new UnbanChange("room", "bob"), 7));
        Assert.Equal(((ChannelRole?)null, (Sanction?)null, (Sanction?)null), await StateAsync("bob"));
        Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new JoinChange("room", "bob"), 8));
    }

    /// <summary>A ban that has ended by itself keeps nobody out.</summary>
    [Fact]
    public async Task EndedBansKeepNobodyOut()
    {
        await NewChannelAsync("room");
        await ApplyAsync(new BanChange("room", "bob", new Sanction("ann", Sample.Time(), Sample.Time(10))), 0);
        Assert.Equal(MemberOutcome.Banned, await ApplyAsync(new JoinChange("room", "bob"), 9));
        Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new JoinChange("room", "bob"), 10));
    }

    /// <summary>The same ban again changes nothing, whoever gives it; another end or reason replaces it, and so does one after its end.</summary>
    [Fact]
    public async Task SanctionsAreReplacedWhereTheyDiffer()
    {
        await NewChannelAsync("room");
        foreach (var isBan in new[] { true, false })
        {
            var first = new Sanction("ann", Sample.Time(), Sample.Time(10), "x");
            Assert.Equal(MemberOutcome.Changed, await ApplyAsync(Of(first), 0));
            Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(Of(first with { By = "zoe", Time = Sample.Time(1) }), 1));
            Assert.Equal(first, await FoundAsync());
            foreach (var other in new[] { first with { Until = Sample.Time(20) }, first with { Until = null }, first with { Reason = null }, first })
            {
                Assert.Equal(MemberOutcome.Changed, await ApplyAsync(Of(other), 2));
                Assert.Equal(other, await FoundAsync());
            }

            Assert.Equal(MemberOutcome.Changed, await ApplyAsync(Of(first with { Time = Sample.Time(10) }), 10));
            Assert.Equal(first with { Time = Sample.Time(10) }, await FoundAsync());

            MemberChange Of(Sanction sanction) => isBan ? new BanChange("room", "bob", sanction) : new MuteChange("room", "bob", sanction);
            async Task<Sanction?> FoundAsync() => isBan ? (await StateAsync("bob")).Ban : (await StateAsync("bob")).Mute;
        }
    }

    /// <summary>Members and others may be muted; a mute outlives leaving, joining, ban and unban.</summary>
    [Fact]
    public async Task MutesOutliveMemberships()
    {
        await NewChannelAsync("room", "bob");
        var mute = new Sanction(null, Sample.Time());
        foreach (var user in new[] { "bob", "eve" })
        {
            Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new MuteChange("room", user, mute), 0));
            foreach (var change in (MemberChange[])[
                new LeaveChange("room", user), new JoinChange("room", user), new BanChange("room", user, mute), new UnbanChange("room", user), new JoinChange("room", user)])
            {
                await ApplyAsync(change, 1);
                Assert.Equal(mute, (await StateAsync(user)).Mute);
            }

            Assert.Equal(ChannelRole.Member, (await StateAsync(user)).Role);
            Assert.Equal(MemberOutcome.Changed, await ApplyAsync(new UnmuteChange("room", user), 2));
            Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(new UnmuteChange("room", user), 2));
            Assert.Null((await StateAsync(user)).Mute);
        }
    }

    /// <summary>Members are listed with their mutes.</summary>
    [Fact]
    public async Task ListedMembersHaveTheirMutes()
    {
        await NewChannelAsync("room", "bob", "cid");
        await ApplyAsync(new MuteChange("room", "bob", new Sanction("ann", Sample.Time(), Sample.Time(10))), 0);
        await ApplyAsync(new MuteChange("room", "cid", new Sanction("ann", Sample.Time())), 0);
        await ApplyAsync(new MuteChange("room", "nobody", new Sanction("ann", Sample.Time())), 0);
        Assert.Equal(
            [new("ann", ChannelRole.Owner, 0), new("bob", ChannelRole.Member, 0, true, Sample.Time(10)), new("cid", ChannelRole.Member, 0, true)],
            (await Channels.ListMembersAsync("room", null, 10, Cancel)).Members);
    }

    /// <summary>Bans that hold are listed in ordinal order, in pages; the last owner cannot be banned; a deleted channel has none.</summary>
    [Fact]
    public async Task BansAreListedInPages()
    {
        await NewChannelAsync("room", "bob");
        Assert.Equal(MemberOutcome.LastOwner, await ApplyAsync(new BanChange("room", "ann", new Sanction(null, Sample.Time())), 0));
        var users = new[] { "b", "B", "a_1", "a-1", "Z" };
        foreach (var user in users)
            await ApplyAsync(new BanChange("room", user, new Sanction("ann", Sample.Time(1), user == "b" ? Sample.Time(10) : null, user)), 1);
        await ApplyAsync(new MuteChange("room", "muted", new Sanction("ann", Sample.Time())), 1);
        var ordered = users.Order(StringComparer.Ordinal).ToList();

        var all = await Channels.ListBansAsync("room", null, 5, Sample.Time(9), Cancel);
        Assert.Equal(ordered, all.Bans.Select(ban => ban.User));
        Assert.False(all.More);
        Assert.Equal(new ChannelBan("b", "ann", Sample.Time(1), Sample.Time(10), "b"), all.Bans[^1]);
        Assert.Equal(ordered[..4], (await Channels.ListBansAsync("room", null, 5, Sample.Time(10), Cancel)).Bans.Select(ban => ban.User));
        var first = await Channels.ListBansAsync("room", null, 2, Sample.Time(9), Cancel);
        Assert.Equal(ordered[..2], first.Bans.Select(ban => ban.User));
        Assert.True(first.More);
        var rest = await Channels.ListBansAsync("room", ordered[1], 3, Sample.Time(9), Cancel);
        Assert.Equal(ordered[2..], rest.Bans.Select(ban => ban.User));
        Assert.False(rest.More);

        Assert.True(await Channels.DeleteAsync("room", Cancel));
        Assert.Empty((await Channels.ListBansAsync("room", null, 5, Sample.Time(9), Cancel)).Bans);
        await NewChannelAsync("room");
        Assert.Empty((await Channels.ListBansAsync("room", null, 5, Sample.Time(9), Cancel)).Bans);
        Assert.Equal(((ChannelRole?)null, (Sanction?)null, (Sanction?)null), await StateAsync("b"));
    }

    /// <summary>
    /// What users do to others is kept in its order, of members, settings and deletions alike; not what changed nothing, what the application did,
    /// and what users did to themselves. It is listed from the latest, in pages, and gone with the channel.
    /// </summary>
    [Fact]
    public async Task ActionsAreKeptAndListed()
    {
        var room = await NewChannelAsync("room", "bob");
        await NewChannelAsync("other", "bob");
        await room.PostManyAsync(2, "bob");
        var until = Sample.Time(90_000);
        foreach (var change in (MemberChange[])[
            new JoinChange("room", "eve", ChannelRole.Moderator), new JoinChange("room", "eve"), new RoleChange("room", "eve", ChannelRole.Member),
            new MuteChange("room", "eve", new Sanction("ann", Sample.Time(5), until, "x")), new UnmuteChange("room", "eve"), new UnmuteChange("room", "eve"),
            new RemoveChange("room", "eve", "y"), new BanChange("room", "eve", new Sanction("ann", Sample.Time(5))), new UnbanChange("room", "eve")])
            await ApplyAsync(change with { By = "ann" }, 5);
        await ApplyAsync(new JoinChange("room", "cid") { By = "cid" }, 5);
        await ApplyAsync(new LeaveChange("room", "cid") { By = "cid" }, 5);
        await ApplyAsync(new JoinChange("room", "cid"), 5);
        await ApplyAsync(new RemoveChange("other", "bob") { By = "ann" }, 6);
        await Channels.UpdateAsync(new SettingsChange("room") { Name = new(true, null), Closed = false, By = "ann", Time = Sample.Time(7) }, Cancel);
        await Channels.UpdateAsync(
            new SettingsChange("room") { Name = new(true, "N"), Data = new(true, JsonValue.Parse("{\"a\":1}")), Closed = true, SlowMode = 3, By = "ann", Time = Sample.Time(7) }, Cancel);
        await Channels.UpdateAsync(new SettingsChange("room") { Closed = false }, Cancel);
        await room.ApplyAsync(new DeleteChange("room", Sample.Time(8), 1) { By = "ann" });
        await room.ApplyAsync(new DeleteChange("room", Sample.Time(8), 1) { By = "ann" });
        await room.ApplyAsync(new DeleteChange("room", Sample.Time(8), 2) { By = "bob" });
        ChannelAction At(long at, string change) => new(Sample.Time(at), "ann", change);
        ChannelAction[] expected =
        [
            At(8, "delete") with { User = "bob", Sequence = 1 },
            At(7, "update") with { Data = JsonValue.Parse("{\"name\":\"N\",\"data\":{\"a\":1},\"closed\":true,\"slowMode\":3}") },
            At(5, "unban") with { User = "eve" }, At(5, "ban") with { User = "eve" }, At(5, "remove") with { User = "eve", Reason = "y" },
            At(5, "unmute") with { User = "eve" }, At(5, "mute") with { User = "eve", Until = until, Reason = "x" },
            At(5, "setRole") with { User = "eve", Role = ChannelRole.Member }, At(5, "invite") with { User = "eve", Role = ChannelRole.Moderator },
        ];
        var all = await Channels.ListActionsAsync("room", null, expected.Length, Cancel);
        Assert.Equal(expected, all.Actions);
        Assert.Null(all.Next);
        var listed = new List<ChannelAction>();
        long? next = null;
        do
        {
            var page = await Channels.ListActionsAsync("room", next, 4, Cancel);
            Assert.Equal(page.Next is null ? 1 : 4, page.Actions.Count);
            listed.AddRange(page.Actions);
            next = page.Next;
        }
        while (next is not null);
        Assert.Equal(expected, listed);
        Assert.Single((await Channels.ListActionsAsync("other", null, 9, Cancel)).Actions);
        Assert.Empty((await Channels.ListActionsAsync("nowhere", null, 9, Cancel)).Actions);
        await Channels.DeleteAsync("room", Cancel);
        await NewChannelAsync("room");
        Assert.Empty((await Channels.ListActionsAsync("room", null, 9, Cancel)).Actions);
    }

    /// <summary>The revision rises with every ban and mute, also of who is no member and where one replaces another, and not with their end.</summary>
    [Fact]
    public async Task SanctionsRaiseTheRevision()
    {
        await NewChannelAsync("room", "bob");
        var sanction = new Sanction("ann", Sample.Time());
        foreach (var (change, revision) in ((MemberChange, long)[])[
            (new MuteChange("room", "bob", sanction), 1), (new MuteChange("room", "bob", sanction), 1),
            (new MuteChange("room", "bob", sanction with { Reason = "x" }), 2), (new UnmuteChange("room", "bob"), 2),
            (new BanChange("room", "bob", sanction), 3), (new UnbanChange("room", "bob"), 3), (new BanChange("room", "eve", sanction), 4)])
        {
            await ApplyAsync(change, 0);
            Assert.Equal(revision, await RevisionAsync());
        }
    }

    /// <summary>
    /// What was permitted at an earlier revision is not written: no post, edit, deletion or reaction that a right forbade gets a version after
    /// the right was taken. A copy of a stored message is still known, and what bears no revision is not asked for it.
    /// </summary>
    [Fact]
    public async Task ChangesOfAnEarlierRevisionAreStale()
    {
        var room = await NewChannelAsync("room", "bob");
        var known = Sample.Post("room", "first", "bob") with { Revision = 0 };
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(known)).Outcome);
        await ApplyAsync(new MuteChange("room", "bob", new Sanction("ann", Sample.Time())), 0);
        foreach (var change in (MessageChange[])[
            Sample.Post("room", "late", "bob"), Sample.Post("room", "answer", "bob", replyTo: 1), Sample.Edit("room", 1, "x"),
            new DeleteChange("room", Sample.Time(), 1), new ReactChange("room", Sample.Time(), 1, "bob", "+", false)])
        {
            ChannelDriver.AssertRefused(AppendOutcome.Stale, await room.ApplyAsync(change with { Revision = 0 }));
            ChannelDriver.AssertRefused(AppendOutcome.Stale, await room.ApplyAsync(change with { Revision = 2 }));
        }

        await room.AssertHeadAsync(1, 1);
        foreach (var revision in new long?[] { 0, 1, 2, null })
            Assert.Equal(AppendOutcome.Duplicate, (await room.ApplyAsync(known with { Revision = revision })).Outcome);
        Assert.Equal(AppendOutcome.Duplicate, (await room.ApplyAsync(known with { Revision = null, OnlyIfKnown = true })).Outcome);
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Sample.Post("room", "now") with { Revision = 1 })).Outcome);
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Sample.Post("room", "system"))).Outcome);
        await room.AssertHeadAsync(3, 3);
    }

    /// <summary>A post that was permitted in a channel of another epoch is stale, and none is written, alone or in a batch.</summary>
    [Fact]
    public async Task PostsOfAnotherEpochAreStale()
    {
        var room = await NewChannelAsync("room");
        var epoch = (await room.HeadAsync()).Epoch;
        ChannelDriver.AssertRefused(AppendOutcome.Stale, await room.ApplyAsync(Sample.Post("room", "x") with { Epoch = "another", Revision = 0 }));
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Sample.Post("room", "x") with { Epoch = epoch, Revision = 0 })).Outcome);
        await NewChannelAsync("other");
        Assert.Equal("Stale Appended", string.Join(' ', (await Messages.AppendAsync(
            [Sample.Post("room", "x") with { Epoch = "another", Revision = 0 }, Sample.Post("other", "x") with { Revision = 0 }], Cancel)).Select(result => result.Outcome)));
        await room.AssertHeadAsync(1, 1);
    }

    /// <summary>A sanction that has ended by itself is nothing to end.</summary>
    [Fact]
    public async Task EndedSanctionsAreNotEnded()
    {
        await NewChannelAsync("room");
        await ApplyAsync(new BanChange("room", "bob", new Sanction("ann", Sample.Time(), Sample.Time(10))), 0);
        await ApplyAsync(new MuteChange("room", "bob", new Sanction("ann", Sample.Time(), Sample.Time(10))), 0);
        Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(new UnbanChange("room", "bob"), 10));
        Assert.Equal(MemberOutcome.Unchanged, await ApplyAsync(new UnmuteChange("room", "bob"), 10));
    }

    /// <summary>In one batch each change is decided by its own revision, also where those of one channel bear different ones.</summary>
    [Fact]
    public async Task BatchesMayBearSeveralRevisions()
    {
        var (room, other) = (await NewChannelAsync("room"), await NewChannelAsync("other"));
        await ApplyAsync(new MuteChange("room", "bob", new Sanction("ann", Sample.Time())), 0);
        async Task<string> AppendAsync(params (string Channel, long? Revision)[] posts) => string.Join(' ', (await Messages.AppendAsync(
            [.. posts.Select(post => Sample.Post(post.Channel, "x") with { Revision = post.Revision })], Cancel)).Select(result => result.Outcome));
        Assert.Equal("Stale Appended Stale", await AppendAsync(("room", 0), ("room", 1), ("room", 0)));
        Assert.Equal("Stale Appended Stale NoChannel", await AppendAsync(("room", 0), ("other", 0), ("room", 0), ("nowhere", null)));
        Assert.Equal("NoChannel Appended", await AppendAsync(("nowhere", 0), ("other", 0)));
        Assert.Equal("Appended Appended Appended", await AppendAsync(("room", null), ("room", 1), ("other", 0)));
        Assert.Equal("Stale", await AppendAsync(("room", 7)));
        await room.AssertHeadAsync(3, 3);
        await other.AssertHeadAsync(3, 3);
    }

    /// <summary>
    /// While rights are taken again and again, no change is written after a right that it does not know: each one's version is below those
    /// that come after the next right was taken.
    /// </summary>
    [Fact]
    public async Task NoChangeComesAfterARightItDoesNotKnow()
    {
        const int rounds = 40;
        var room = await NewChannelAsync("room");
        var written = new System.Collections.Concurrent.ConcurrentQueue<(long Version, long Revision)>();
        var until = new TaskCompletionSource();
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!until.Task.IsCompleted)
            {
                var revision = (await room.HeadAsync()).Revision;
                var result = (await Messages.AppendAsync([Sample.Post("room", "x") with { Revision = revision }], Cancel))[0];
                if (result.Message is { } message) written.Enqueue((message.Version, revision));
                else Assert.Equal(AppendOutcome.Stale, result.Outcome);
            }
        }, Cancel)).ToList();
        var taken = new List<(long Revision, long Version)>();
        for (var round = 0; round < rounds; round++)
        {
            var revision = (await Channels.ApplyAsync(new MuteChange("room", $"user{round}", new Sanction("ann", Sample.Time())), Cancel)).After.Revision;
            // Published upon the answer.
            var mine = (await Messages.AppendAsync([Sample.Post("room", "x", "ann")], Cancel))[0].Message!.Version;
            taken.Add((revision, mine));
        }

        until.SetResult();
        await Task.WhenAll(writers);
        foreach (var (revision, version) in taken)
            Assert.DoesNotContain(written, one => one.Version > version && one.Revision < revision);
    }

    private async Task<MemberOutcome> ApplyAsync(MemberChange change, long at) =>
        (await Channels.ApplyAsync(change with { Time = Sample.Time(at) }, Cancel)).Outcome;

    private async Task<(ChannelRole? Role, Sanction? Ban, Sanction? Mute)> StateAsync(string user)
    {
        var view = (await Channels.FindAsync("room", user, Cancel))!;
        return (view.Role, view.Ban, view.Mute);
    }
}
