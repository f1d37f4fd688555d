using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>
/// What every <see cref="IInboxStore"/> must do. Derive from it and give it a store, whose <see cref="StoreUnderTest.Channels"/> is one; each
/// test gets a fresh one.
/// </summary>
public abstract class InboxStoreConformance : StoreConformance
{
    private static readonly string[] Users = ["ann", "bob", "cid", "dan"];
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f"];

    private IInboxStore Inboxes => (IInboxStore)Channels;

    /// <summary>
    /// Whatever happened, whoever follows what changed for a user has the rows of that user's list: after each change, or after many, and
    /// whether or not channels were left, deleted and made again.
    /// </summary>
    [Fact]
    public async Task FollowedRowsEqualTheList()
    {
        const int changes = 400;
        var random = NewRandom();
        var readers = Users.ToDictionary(user => user, user => new InboxReader(Inboxes, user), StringComparer.Ordinal);
        foreach (var reader in readers.Values) await reader.BeginAsync(Cancel);
        for (var change = 0; change < changes; change++)
        {
            await ChangeAsync(random, Messages, Channels, change);
            foreach (var (user, reader) in readers)
            {
                if (random.Next(Users.IndexOf(user) + 2) > 0) continue;
                await reader.FollowAsync(Cancel);
                await AssertEqualAsync(reader, user);
            }
        }

        foreach (var (user, reader) in readers)
        {
            await reader.FollowAsync(Cancel);
            await AssertEqualAsync(reader, user);
        }
    }

    /// <summary>The memberships are the list, in its order, with its counts.</summary>
    [Fact]
    public async Task MembershipsEqualTheList()
    {
        var random = NewRandom();
        for (var change = 0; change < 200; change++)
        {
            await ChangeAsync(random, Messages, Channels, change);
            if (change % 20 != 19) continue;
            foreach (var user in Users)
            {
                var list = (await Channels.ListChannelsAsync(user, null, 100, Cancel)).Channels;
                Assert.Equal(
                    list.Select(one => new InboxMembership(one.Channel, one.Notify, one.Unread, one.Mentions)),
                    (await Inboxes.ListMembershipsAsync(user, Cancel)).Channels);
            }
        }
    }

    /// <summary>Nothing that changed in anybody's row is left out of what was touched since a position.</summary>
    [Fact]
    public async Task TouchesLeaveNothingOut()
    {
        var random = NewRandom();
        var rows = Users.ToDictionary(user => user, _ => new Dictionary<string, ChannelSummary?>(StringComparer.Ordinal), StringComparer.Ordinal);
        var position = (await Inboxes.ListMembershipsAsync("ann", Cancel)).Position;
        for (var change = 0; change < 300; change++)
        {
            await ChangeAsync(random, Messages, Channels, change);
            if (random.Next(3) > 0) continue;
            var touched = (await Inboxes.FindTouchedAsync(position, 1_000, Cancel))!;
            Assert.False(touched.More);
            var asked = position;
            position = touched.Position;
            InboxKey[] keys =
            [
                .. touched.Touches.SelectMany(touch => touch.User is { } one ? [one] : Users, (touch, user) => new InboxKey(touch.Channel, user)).Distinct(),
            ];
            var (at, read) = await Inboxes.ReadRowsAsync(keys, Cancel);
            Assert.Equal(position.Epoch, at.Epoch);
            Assert.True(at.Stamp >= position.Stamp);
            Assert.All(touched.Touches, touch => Assert.True(touch.Stamp >= asked.Stamp));
            for (var i = 0; i < keys.Length; i++) rows[keys[i].User][keys[i].Channel] = read[i];
            foreach (var user in Users)
                await AssertEqualAsync(rows[user].Values.OfType<ChannelSummary>().ToDictionary(row => row.Channel, StringComparer.Ordinal), user);
        }
    }

    /// <summary>Where nothing changed nothing is named, once nothing is under way any more.</summary>
    [Fact]
    public async Task NothingChangedIsNothing()
    {
        await NewChannelAsync("room", "bob");
        await NewChannelAsync("other");
        var reader = new InboxReader(Inboxes, "bob");
        await reader.BeginAsync(Cancel);
        await new ChannelDriver(Messages, "other").PostAsync("x");
        // A transaction of the database itself may be under way.
        while ((await reader.FollowAsync(Cancel)).Count > 0) Cancel.ThrowIfCancellationRequested();
        Assert.Empty(await reader.FollowAsync(Cancel));
        await Channels.MoveReadMarkAsync("room", "ann", 1, Cancel);
        Assert.Empty(await reader.FollowAsync(Cancel));
        await new ChannelDriver(Messages, "room").PostAsync("x");
        Assert.Equal(["room"], await reader.FollowAsync(Cancel));
    }

    /// <summary>More than the limit is said to be more.</summary>
    [Fact]
    public async Task TouchesHaveALimit()
    {
        var position = (await Inboxes.ListMembershipsAsync("ann", Cancel)).Position;
        for (var i = 0; i < 6; i++) await NewChannelAsync($"room{i}");
        Assert.True((await Inboxes.FindTouchedAsync(position, 5, Cancel))!.More);
        Assert.False((await Inboxes.FindTouchedAsync(position, 100, Cancel))!.More);
    }

    /// <summary>A position of another store, one that was not reached, or one from before the epochs were renewed is of no use.</summary>
    [Fact]
    public async Task StrangePositionsAreRefused()
    {
        await NewChannelAsync("room");
        var position = (await Inboxes.ListMembershipsAsync("ann", Cancel)).Position;
        Assert.NotNull(await Inboxes.FindChangedAsync("ann", position, Cancel));
        foreach (var strange in (InboxPosition[])[position with { Epoch = "other" }, position with { Stamp = position.Stamp + 1_000_000_000 }])
        {
            Assert.Null(await Inboxes.FindChangedAsync("ann", strange, Cancel));
            Assert.Null(await Inboxes.FindTouchedAsync(strange, 10, Cancel));
        }

        await Channels.RenewEpochsAsync(Cancel);
        Assert.Null(await Inboxes.FindChangedAsync("ann", position, Cancel));
        Assert.NotEqual(position.Epoch, (await Inboxes.ListMembershipsAsync("ann", Cancel)).Position.Epoch);
    }

    /// <summary>Preferences belong to the membership, end with it, and a message ends hiding.</summary>
    [Fact]
    public async Task PreferencesBelongToTheMembership()
    {
        var room = await NewChannelAsync("room", "bob");
        await room.PostAsync("x");
        Assert.Equal((ChannelNotify.All, false, false), await PreferencesAsync("bob"));
        Assert.Equal(PreferenceOutcome.NoMember, await PreferAsync("cid", new ChannelPreferences(Pinned: true)));
        Assert.Equal(PreferenceOutcome.NoChannel, (await Inboxes.SetPreferencesAsync(new PreferenceChange("none", "bob", new ChannelPreferences()), Cancel)).Outcome);
        Assert.Equal(PreferenceOutcome.Unchanged, await PreferAsync("bob", new ChannelPreferences()));
        Assert.Equal(PreferenceOutcome.Unchanged, await PreferAsync("bob", new ChannelPreferences(ChannelNotify.All, false, false)));
        Assert.Equal(PreferenceOutcome.Changed, await PreferAsync("bob", new ChannelPreferences(ChannelNotify.None, true, true)));
        Assert.Equal((ChannelNotify.None, true, true), await PreferencesAsync("bob"));
        Assert.Equal((ChannelNotify.All, false, false), await PreferencesAsync("ann"));
        Assert.Equal(PreferenceOutcome.Changed, await PreferAsync("bob", new ChannelPreferences(ChannelNotify.Mentions)));
        Assert.Equal((ChannelNotify.Mentions, true, true), await PreferencesAsync("bob"));
        await Channels.ApplyAsync(new RoleChange("room", "bob", ChannelRole.Moderator), Cancel);
        Assert.Equal((ChannelNotify.Mentions, true, true), await PreferencesAsync("bob"));

        await room.EditAsync(1, new ContentEdit(Text: new(true, "y")));
        Assert.Equal((ChannelNotify.Mentions, true, true), await PreferencesAsync("bob"));
        await Messages.AppendAsync([Sample.Post("room", "own", "bob")], Cancel);
        Assert.Equal((ChannelNotify.Mentions, true, false), await PreferencesAsync("bob"));
        Assert.Equal(PreferenceOutcome.Changed, await PreferAsync("bob", new ChannelPreferences(Hidden: true)));
        Assert.Equal(PreferenceOutcome.Changed, await PreferAsync("bob", new ChannelPreferences(Hidden: false)));
        Assert.Equal((ChannelNotify.Mentions, true, false), await PreferencesAsync("bob"));

        await Channels.ApplyAsync(new LeaveChange("room", "bob"), Cancel);
        Assert.Equal(PreferenceOutcome.NoMember, await PreferAsync("bob", new ChannelPreferences(Pinned: true)));
        await Channels.ApplyAsync(new JoinChange("room", "bob"), Cancel);
        Assert.Equal((ChannelNotify.All, false, false), await PreferencesAsync("bob"));
    }

    /// <summary>A batch of members stamps the row of each: who comes, who goes, and who is another one now; nobody else's.</summary>
    [Fact]
    public async Task BatchesOfMembersChangeRows()
    {
        await NewChannelAsync("room", "bob", "dan");
        await PreferAsync("bob", new ChannelPreferences(ChannelNotify.None, true));
        var readers = Users.ToDictionary(user => user, user => new InboxReader(Inboxes, user), StringComparer.Ordinal);
        foreach (var reader in readers.Values) await reader.BeginAsync(Cancel);
        while ((await readers["ann"].FollowAsync(Cancel)).Count > 0) Cancel.ThrowIfCancellationRequested();
        await readers["dan"].FollowAsync(Cancel);
        await Channels.ApplyAsync(
            [new RemoveChange("room", "bob"), new JoinChange("room", "cid"), new RemoveChange("room", "dan"), new JoinChange("room", "dan")], Cancel);
        Assert.Contains("room", (await Inboxes.FindChangedAsync("bob", readers["bob"].Position, Cancel))!.Removed);
        foreach (var (user, reader) in readers)
        {
            await reader.FollowAsync(Cancel);
            await AssertEqualAsync(reader, user);
        }

        Assert.Equal(["ann", "cid", "dan"], Users.Where(user => readers[user].Rows.ContainsKey("room")));
        await Channels.ApplyAsync([new JoinChange("room", "bob")], Cancel);
        await readers["bob"].FollowAsync(Cancel);
        await AssertEqualAsync(readers["bob"], "bob");
        Assert.Equal((ChannelNotify.All, false, false), await PreferencesAsync("bob"));

        // Who goes and comes within a batch has never left.
        await PreferAsync("bob", new ChannelPreferences(ChannelNotify.None, true));
        await Channels.ApplyAsync([new RemoveChange("room", "bob"), new JoinChange("room", "bob")], Cancel);
        Assert.Equal((ChannelNotify.None, true, false), await PreferencesAsync("bob"));
    }

    /// <summary>A block changes the blocker's rows in channels where the blocked one mentions the blocker, and in no others; its end, too.</summary>
    [Fact]
    public async Task BlocksChangeRows()
    {
        foreach (var name in Names[..3]) await NewChannelAsync(name, "bob");
        await Messages.AppendAsync([Sample.Post("a", new MessageContent("x", Mentions: ["ann"]), "bob"), Sample.Post("b", new MessageContent("x", Mentions: ["bob"]), "bob")], Cancel);
        var (ann, bob) = (new InboxReader(Inboxes, "ann"), new InboxReader(Inboxes, "bob"));
        await ann.BeginAsync(Cancel);
        await bob.BeginAsync(Cancel);
        Assert.Equal((3, 1), (ann.Rows.Count, ann.Rows["a"].Mentions));
        foreach (var remove in (bool[])[false, true])
        {
            while ((await ann.FollowAsync(Cancel)).Count > 0) Cancel.ThrowIfCancellationRequested();
            while ((await bob.FollowAsync(Cancel)).Count > 0) Cancel.ThrowIfCancellationRequested();
            var position = ann.Position;
            Assert.Equal(["a"], (await Channels.BlockAsync(new BlockChange("ann", "bob", remove), Cancel)).Recounted);
            Assert.Equal([("a", "ann")], (await Inboxes.FindTouchedAsync(position, 10, Cancel))!.Touches.Select(touch => (touch.Channel, touch.User)));
            Assert.Empty(await bob.FollowAsync(Cancel));
            Assert.Equal(["a"], await ann.FollowAsync(Cancel));
            await AssertEqualAsync(ann, "ann");
            Assert.Equal(remove ? 1 : 0, ann.Rows["a"].Mentions);
            Assert.Equal(remove ? 1 : 0, (await Inboxes.ListMembershipsAsync("ann", Cancel)).Channels.Sum(one => one.Mentions));
            Assert.Empty((await Channels.BlockAsync(new BlockChange("ann", "bob", remove), Cancel)).Recounted);
        }
    }

    /// <summary>A deleted channel is told as left however long ago it went, and however much of it is still to be removed; one made again is not.</summary>
    [Fact]
    public async Task DeletedChannelsAreLeft()
    {
        await NewChannelAsync("room", "bob");
        await NewChannelAsync("other", "bob");
        var (early, late) = (new InboxReader(Inboxes, "bob"), new InboxReader(Inboxes, "bob"));
        await early.BeginAsync(Cancel);
        await late.BeginAsync(Cancel);
        Assert.True(await Channels.DeleteAsync("room", Cancel));
        await early.FollowAsync(Cancel);
        Assert.Equal(["other"], early.Rows.Keys);
        // The removal of the rows goes on meanwhile.
        for (var i = 0; i < 50; i++)
        {
            var delta = (await Inboxes.FindChangedAsync("bob", late.Position, Cancel))!;
            Assert.Equal(["room"], delta.Removed);
            await Task.Delay(TimeSpan.FromMilliseconds(5), Cancel);
        }

        await late.FollowAsync(Cancel);
        Assert.Equal(["other"], late.Rows.Keys);
        await NewChannelAsync("room", "bob");
        await late.FollowAsync(Cancel);
        await AssertEqualAsync(late, "bob");
        await early.FollowAsync(Cancel);
        await AssertEqualAsync(early, "bob");
    }

    /// <summary>
    /// Two nodes change the same channels at once, and others follow: when all is over they have the list. Whatever commits late is found late,
    /// but found.
    /// </summary>
    [Fact]
    public async Task FollowersOfTwoNodesMissNothing()
    {
        var another = await AnotherNodeAsync();
        foreach (var name in Names) await NewChannelAsync(name, Users[1..]);
        using var stop = new CancellationTokenSource();
        var followers = Users.Select(user => Task.Run(() => FollowUntilAsync(user, stop.Token), Cancel)).ToList();
        var seed = NewRandom().Next();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(
            async () =>
            {
                var random = new Random(seed + writer);
                var (messages, channels) = writer % 2 == 0 ? (Messages, Channels) : (another.Messages, another.Channels);
                for (var change = 0; change < 60; change++)
                    await UntilAvailableAsync(async () => { await ChangeAsync(random, messages, channels, change); return true; });
            },
            Cancel)));
        await stop.CancelAsync();
        foreach (var (user, reader) in Users.Zip(await Task.WhenAll(followers)))
        {
            await reader.FollowAsync(Cancel);
            await AssertEqualAsync(reader, user);
        }
    }

    private async Task<InboxReader> FollowUntilAsync(string user, CancellationToken stop)
    {
        var reader = new InboxReader(Inboxes, user);
        await UntilAvailableAsync(async () => { await reader.BeginAsync(Cancel); return true; });
        while (!stop.IsCancellationRequested)
        {
            await UntilAvailableAsync(async () => { await reader.FollowAsync(Cancel); return true; });
            await Task.Yield();
        }

        return reader;
    }

    private static async Task ChangeAsync(Random random, IMessageStore messages, IChannelStore channels, int number)
    {
        var (name, user) = (Names[random.Next(Names.Length)], Users[random.Next(Users.Length)]);
        var other = Users[random.Next(Users.Length)];
        switch (random.Next(17))
        {
            case 0:
                await channels.CreateAsync(Sample.Channel(name, user, [other]) with { Created = Sample.Time(number) }, Cancel);
                break;
            case 1 when random.Next(3) == 0:
                await channels.DeleteAsync(name, Cancel);
                break;
            case 2:
                await channels.ApplyAsync(new LeaveChange(name, user), Cancel);
                break;
            case 3:
                await channels.ApplyAsync(new BanChange(name, user, new Sanction("ann", Sample.Time(number), Sample.Time(number + 5))) { Time = Sample.Time(number) }, Cancel);
                break;
            case 4 or 5:
                await channels.ApplyAsync(new JoinChange(name, user) { Time = Sample.Time(number) }, Cancel);
                break;
            case 6:
                await channels.ApplyAsync(new RoleChange(name, user, (ChannelRole)random.Next(3)) { Time = Sample.Time(number) }, Cancel);
                break;
            case 7 or 8:
                await channels.MoveReadMarkAsync(name, user, random.Next(1, 20), Cancel);
                break;
            case 9:
                await channels.UpdateAsync(new SettingsChange(name) { Name = new(true, $"name {random.Next(3)}"), Closed = random.Next(2) == 0 }, Cancel);
                break;
            case 10:
                var preferences = new ChannelPreferences((ChannelNotify)random.Next(3), random.Next(2) == 0, random.Next(2) == 0);
                await ((IInboxStore)channels).SetPreferencesAsync(new PreferenceChange(name, user, preferences), Cancel);
                break;
            case 12:
                await channels.BlockAsync(new BlockChange(user, Users.First(one => one != user && (one == other || user == other)), random.Next(2) == 0), Cancel);
                break;
            case 13:
                MemberChange[] batch =
                [
                    .. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Users[random.Next(Users.Length)])
                        .Select(one => random.Next(2) == 0 ? (MemberChange)new JoinChange(name, one) : new RemoveChange(name, one)),
                ];
                await channels.ApplyAsync([.. batch.Select(one => one with { Time = Sample.Time(number) })], Cancel);
                break;
            case 11:
                await messages.AppendAsync([new DeleteChange(name, Sample.Time(number), random.Next(1, 10))], Cancel);
                break;
            default:
                await messages.AppendAsync([Sample.Post(name, new MessageContent($"text {number}", Mentions: [other]), user, at: number)], Cancel);
                break;
        }
    }

    private async Task<(ChannelNotify Notify, bool Pinned, bool Hidden)> PreferencesAsync(string user)
    {
        var row = Assert.Single((await Inboxes.ReadRowsAsync([new InboxKey("room", user)], Cancel)).Rows)!;
        var listed = (await Channels.ListChannelsAsync(user, null, 10, Cancel)).Channels.Single(one => one.Channel == "room");
        Assert.Equal((listed.Notify, listed.Pinned, listed.Hidden), (row.Notify, row.Pinned, row.Hidden));
        return (row.Notify, row.Pinned, row.Hidden);
    }

    private async Task<PreferenceOutcome> PreferAsync(string user, ChannelPreferences preferences) =>
        (await Inboxes.SetPreferencesAsync(new PreferenceChange("room", user, preferences), Cancel)).Outcome;

    private Task AssertEqualAsync(InboxReader reader, string user) => AssertEqualAsync(reader.Rows, user);

    private async Task AssertEqualAsync(IReadOnlyDictionary<string, ChannelSummary> rows, string user)
    {
        var list = (await Channels.ListChannelsAsync(user, null, 100, Cancel)).Channels;
        Assert.Equal(list.Select(Describe).Order(StringComparer.Ordinal), rows.Values.Select(Describe).Order(StringComparer.Ordinal));
    }

    private static string Describe(ChannelSummary row) =>
        $"{row.Channel} {row.Name} {row.Kind} {row.Role} {row.Sequence} {row.Version} {row.Read} {row.Unread} {row.Mentions} {row.Closed} {row.Notify} "
        + $"{row.Pinned} {row.Hidden} {row.Changed:O} {row.Last?.Version} {row.Last?.Text}";
}
