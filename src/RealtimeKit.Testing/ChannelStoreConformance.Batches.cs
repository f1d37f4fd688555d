using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>Changes of many members in one call have a result each, in their order; one that is refused leaves the others alone.</summary>
    [Fact]
    public async Task ManyMembersChangeInOneCall()
    {
        await NewChannelAsync("room", "bob", "cid");
        var ban = new Sanction("ann", Sample.Time(), null, "spam");
        await Channels.ApplyAsync(new BanChange("room", "eve", ban), Cancel);
        await Channels.ApplyAsync(new MuteChange("room", "fay", ban), Cancel);
        MemberChange[] changes =
        [
            new JoinChange("room", "dan") { By = "ann" }, new JoinChange("room", "bob"), new JoinChange("room", "eve"), new RemoveChange("room", "ann"),
            new RemoveChange("room", "cid", "enough") { By = "ann" }, new RoleChange("room", "dan", ChannelRole.Moderator), new RemoveChange("room", "nobody"),
            new JoinChange("room", "fay"), new UnmuteChange("room", "fay"), new BanChange("room", "gus", ban), new JoinChange("room", "gus"),
        ];
        var results = await Channels.ApplyAsync(changes, Cancel);

        Assert.Equal(
            [
                MemberOutcome.Changed, MemberOutcome.Unchanged, MemberOutcome.Banned, MemberOutcome.LastOwner, MemberOutcome.Changed, MemberOutcome.Changed,
                MemberOutcome.Unchanged, MemberOutcome.Changed, MemberOutcome.Changed, MemberOutcome.Changed, MemberOutcome.Banned,
            ],
            results.Select(result => result.Outcome));
        Assert.Equal((ChannelRole.Member, ChannelRole.Moderator), (results[5].Before.Role, results[5].After.Role));
        Assert.Equal(
            [("ann", ChannelRole.Owner, false), ("bob", ChannelRole.Member, false), ("dan", ChannelRole.Moderator, false), ("fay", ChannelRole.Member, false)],
            (await Channels.ListMembersAsync("room", null, 10, Cancel)).Members.Select(member => (member.User, member.Role, member.Muted)));
        Assert.Equal(["eve", "gus"], (await Channels.ListBansAsync("room", null, 10, Sample.Time(), Cancel)).Bans.Select(one => one.User));
        Assert.Equal(["remove cid", "invite dan"], (await Channels.ListActionsAsync("room", null, 10, Cancel)).Actions.Select(one => $"{one.Change} {one.User}"));
        // The ban and the mute before, and then the removal, the role and the other ban.
        Assert.Equal(5, await RevisionAsync());
        Assert.Equal(["room"], (await Channels.ListChannelsAsync("dan", null, 10, Cancel)).Channels.Select(one => one.Channel));
        Assert.Empty((await Channels.ListChannelsAsync("cid", null, 10, Cancel)).Channels);
    }

    /// <summary>Of the owners that one call would remove, the last one stays, also where it made some of them owners.</summary>
    [Fact]
    public async Task LastOwnerStaysInABatch()
    {
        await NewChannelAsync("room", "bob", "cid");
        await SetAsync("bob", ChannelRole.Owner);
        Assert.Equal(
            [MemberOutcome.Changed, MemberOutcome.LastOwner, MemberOutcome.Changed, MemberOutcome.Changed],
            await OutcomesAsync(new RemoveChange("room", "ann"), new RemoveChange("room", "bob"), new RoleChange("room", "cid", ChannelRole.Owner), new LeaveChange("room", "bob")));
        Assert.Equal((null, null, ChannelRole.Owner), (await RoleAsync("ann"), await RoleAsync("bob"), await RoleAsync("cid")));

        await Channels.CreateAsync(Sample.Channel("ownerless", owner: null), Cancel);
        Assert.Equal(
            [MemberOutcome.Changed, MemberOutcome.LastOwner],
            await OutcomesAsync(new RoleChange("ownerless", "bob", ChannelRole.Owner), new RoleChange("ownerless", "bob", ChannelRole.Member)));
    }

    /// <summary>A batch decides as the same changes do one by one, whatever they are.</summary>
    [Fact]
    public async Task BatchDecidesAsChangesOneByOne()
    {
        var random = NewRandom();
        string[] users = ["ann", "bob", "cid", "dan"];
        for (var round = 0; round < 30; round++)
        {
            var (one, many) = ($"one{round}", $"many{round}");
            foreach (var name in new[] { one, many }) await NewChannelAsync(name, "bob");
            for (var batch = 0; batch < 4; batch++)
            {
                var changes = Enumerable.Range(0, random.Next(1, 12)).Select(number => NewChange(one, number)).ToList();
                var expected = new List<MemberResult>();
                foreach (var change in changes) expected.Add(await Channels.ApplyAsync(change, Cancel));
                var results = await Channels.ApplyAsync(changes.ConvertAll(change => change with { Channel = many }), Cancel);
                Assert.Equal(expected.Select(Show), results.Select(Show));
                Assert.Equal(
                    (await Channels.ListMembersAsync(one, null, 10, Cancel)).Members, (await Channels.ListMembersAsync(many, null, 10, Cancel)).Members);
                Assert.Equal(
                    (await Channels.ListActionsAsync(one, null, 200, Cancel)).Actions, (await Channels.ListActionsAsync(many, null, 200, Cancel)).Actions);
                foreach (var user in users)
                {
                    var (expectedView, view) = ((await Channels.FindAsync(one, user, Cancel))!, (await Channels.FindAsync(many, user, Cancel))!);
                    Assert.Equal((expectedView.Role, expectedView.Ban, expectedView.Mute, expectedView.Head.Revision), (view.Role, view.Ban, view.Mute, view.Head.Revision));
                }
            }
        }

        MemberChange NewChange(string channel, int at)
        {
            var user = users[random.Next(users.Length)];
            var role = (ChannelRole)random.Next(3);
            var sanction = new Sanction("ann", Sample.Time(at), random.Next(2) == 0 ? null : Sample.Time(at + random.Next(1, 4)));
            MemberChange change = random.Next(8) switch
            {
                0 => new JoinChange(channel, user, role),
                1 => new RemoveChange(channel, user),
                2 => new LeaveChange(channel, user),
                3 => new BanChange(channel, user, sanction),
                4 => new UnbanChange(channel, user),
                5 => new MuteChange(channel, user, sanction),
                6 => new UnmuteChange(channel, user),
                _ => new RoleChange(channel, user, role),
            };
            return change with { Time = Sample.Time(at), By = random.Next(2) == 0 ? "ann" : null, Revision = random.Next(6) == 0 ? random.Next(3) : null };
        }

        // How many owners there are is looked at only where it matters, and differently.
        static string Show(MemberResult result) => $"{result with { Before = result.Before with { Owners = 0 }, After = result.After with { Owners = 0 } }}";
    }

    /// <summary>A batch may be large and name users as identity providers do.</summary>
    [Fact]
    public async Task BatchesMayBeLarge()
    {
        await NewChannelAsync("room");
        string[] users = [.. Sample.UserNames, .. Enumerable.Range(0, 1_000 - Sample.UserNames.Count).Select(number => $"user-{number:d4}")];
        var joined = await Channels.ApplyAsync([.. users.Select(user => new JoinChange("room", user))], Cancel);
        Assert.All(joined, result => Assert.Equal(MemberOutcome.Changed, result.Outcome));
        Assert.Equal(
            users.Append("ann").Order(StringComparer.Ordinal), (await Channels.ListMembersAsync("room", null, 2_000, Cancel)).Members.Select(member => member.User));
        Assert.Equal(0, await RevisionAsync());
        var removed = await Channels.ApplyAsync([.. users.Select(user => new RemoveChange("room", user))], Cancel);
        Assert.All(removed, result => Assert.Equal(MemberOutcome.Changed, result.Outcome));
        Assert.Equal(["ann"], (await Channels.ListMembersAsync("room", null, 10, Cancel)).Members.Select(member => member.User));
        Assert.Equal(users.Length, await RevisionAsync());
    }

    /// <summary>A batch for a channel that does not exist, and one that is none, change nothing.</summary>
    [Fact]
    public async Task BatchesThatCannotBe()
    {
        await NewChannelAsync("room");
        Assert.Equal([MemberOutcome.NoChannel, MemberOutcome.NoChannel], await OutcomesAsync(new JoinChange("nowhere", "bob"), new RemoveChange("nowhere", "ann")));
        await Assert.ThrowsAsync<ArgumentException>(() => OutcomesAsync());
        await Assert.ThrowsAsync<ArgumentException>(() => OutcomesAsync(new JoinChange("room", "bob"), new JoinChange("other", "bob")));
        Assert.Null(await RoleAsync("bob"));
    }

    /// <summary>Of two owners whom two nodes remove at once, each in a batch, one stays.</summary>
    [Fact]
    public async Task OwnersInBatchesOfTwoNodesCannotGoAtOnce()
    {
        var other = (await AnotherNodeAsync()).Channels;
        for (var round = 0; round < 10; round++)
        {
            var name = $"room{round}";
            await NewChannelAsync(name, "bob");
            await Channels.ApplyAsync(new RoleChange(name, "bob", ChannelRole.Owner), Cancel);
            var results = await BothAsync(Channels, other, (channels, node) => channels.ApplyAsync(
                [new JoinChange(name, $"guest{node}"), new RemoveChange(name, node == 0 ? "ann" : "bob")], Cancel).AsTask());
            Assert.Equal([MemberOutcome.Changed, MemberOutcome.LastOwner], results.Select(one => one[1].Outcome).Order());
            Assert.All(results, one => Assert.Equal(MemberOutcome.Changed, one[0].Outcome));
        }
    }

    /// <summary>All channels are listed by the beginning of their names, in ordinal order and in pages.</summary>
    [Fact]
    public async Task AllChannelsAreListedByPrefix()
    {
        string[] names = ["order-1", "order-10", "order-2", "Order-3", "order", "order_1", "order.1", "order:1", "order@1", "orderz", "orders-1", "p", "z"];
        foreach (var name in names) await NewChannelAsync(name);
        await Channels.CreateAsync(Sample.Channel("order-private", "ann", kind: ChannelKind.Private) with { Name = "Privat", Data = JsonValue.Parse("{\"a\":1}") }, Cancel);
        await Channels.CreateAsync(Sample.Direct("order-direct", "ann", "bob"), Cancel);
        await new ChannelDriver(Messages, "order-2").PostManyAsync(3);
        await Channels.DeleteAsync("order-10", Cancel);
        var all = names.Append("order-private").Append("order-direct").Where(name => name != "order-10").Order(StringComparer.Ordinal).ToList();

        foreach (var prefix in new[] { "", "order", "order-", "order_", "order-2", "order-22", "O", "z", "zz" })
        {
            var expected = all.FindAll(name => name.StartsWith(prefix, StringComparison.Ordinal));
            foreach (var limit in new[] { 1, 3, 100 })
            {
                var found = new List<string>();
                ChannelInfoPage page;
                do
                {
                    page = await Channels.ListAllAsync(prefix, found.LastOrDefault(), limit, Cancel);
                    Assert.InRange(page.Channels.Count, 0, limit);
                    found.AddRange(page.Channels.Select(one => one.Channel));
                }
                while (page.More);
                Assert.Equal(expected, found);
            }
        }

        var posted = Assert.Single((await Channels.ListAllAsync("order-2", null, 10, Cancel)).Channels);
        Assert.Equal((ChannelKind.Public, 3L, 3L, Sample.Time()), (posted.Kind, posted.Version, posted.Sequence, posted.Created));
        var kept = Assert.Single((await Channels.ListAllAsync("order-p", null, 10, Cancel)).Channels);
        Assert.Equal((ChannelKind.Private, "Privat", "{\"a\":1}"), (kept.Kind, kept.Settings.Name, kept.Settings.Data?.ToString()));
        Assert.Empty((await Channels.ListAllAsync("order", "p", 10, Cancel)).Channels);
        Assert.Equal("order-1", (await Channels.ListAllAsync("order-", "a", 1, Cancel)).Channels.Single().Channel);
    }

    private async Task<MemberOutcome[]> OutcomesAsync(params MemberChange[] changes) =>
        [.. (await Channels.ApplyAsync(changes, Cancel)).Select(result => result.Outcome)];
}
