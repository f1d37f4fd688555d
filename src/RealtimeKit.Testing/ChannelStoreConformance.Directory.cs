using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>The directory has public channels by name without regard to case, then by identifier, and the nameless last.</summary>
    [Fact]
    public async Task DirectoryIsInOrder()
    {
        var names = new (string Channel, string? Name)[]
        {
            ("z", "alpha"), ("b", "Beta"), ("a", "beta"), ("c", null), ("b2", "ÄRGER"), ("Z", "Alpha"), ("y", "alphabet"), ("B", null), ("e", "🎈"), ("f", "Ａ"), ("g", "_"),
        };
        foreach (var (channel, name) in names) await ListAsync(channel, name);
        await Channels.CreateAsync(Sample.Channel("hidden", kind: ChannelKind.Private) with { Name = "alpha" }, Cancel);
        var expected = names.OrderBy(one => one.Name is null).ThenBy(one => one.Name?.ToUpperInvariant(), StringComparer.Ordinal).ThenBy(one => one.Channel, StringComparer.Ordinal);

        foreach (var limit in new[] { 1, 3, 200 })
            Assert.Equal(expected.Select(one => one.Channel), await DirectoryAsync(null, limit));
    }

    /// <summary>A query finds the beginnings of words of the name; each of several words must be there; without a word it is none.</summary>
    [Fact]
    public async Task DirectoryFindsBeginningsOfWords()
    {
        await ListAsync("one", "Alpha Room");
        await ListAsync("two", "Room of the Alphabet");
        await ListAsync("three", "Fan-club (Straße)");
        await ListAsync("four", null);
        await ListAsync("five", "日本 語");

        Assert.Equal(["one", "two"], await DirectoryAsync("al"));
        Assert.Equal(["one", "two"], await DirectoryAsync("ROOM alpha"));
        Assert.Equal(["two"], await DirectoryAsync("alphab ro al"));
        Assert.Equal(["two"], await DirectoryAsync("the of", 1));
        Assert.Equal(["three"], await DirectoryAsync("CLUB"));
        Assert.Equal(["three"], await DirectoryAsync("(stra"));
        Assert.Equal(["five"], await DirectoryAsync("日"));
        foreach (var nothing in new[] { "oom", "alphax", "al beta", "本", string.Join(' ', Enumerable.Range(100, 40)) }) Assert.Empty(await DirectoryAsync(nothing));
        foreach (var none in new[] { null, "", "  ", "--" }) Assert.Equal(5, (await DirectoryAsync(none)).Count);
    }

    /// <summary>An entry tells members, settings, sequence and role as they are; a renamed channel is found by its new name, a deleted one not.</summary>
    [Fact]
    public async Task DirectoryFollowsChanges()
    {
        var data = JsonValue.Parse("""{"topic":"x"}""");
        await Channels.CreateAsync(Sample.Channel("room", "ann", ["bob", "cy"]) with { Name = "Room", Data = data }, Cancel);
        await Messages.AppendAsync([Sample.Post("room", "one"), Sample.Post("room", "two")], Cancel);
        await ExpectAsync(3, ChannelRole.Owner);
        await ApplyAsync(new JoinChange("room", "dan"), 1);
        await ApplyAsync(new JoinChange("room", "dan"), 1);
        await ApplyAsync(new RoleChange("room", "dan", ChannelRole.Moderator), 1);
        await ExpectAsync(4, ChannelRole.Owner);
        await ApplyAsync(new BanChange("room", "cy", new Sanction(null, Sample.Time())), 1);
        await ApplyAsync(new LeaveChange("room", "bob"), 1);
        await ApplyAsync(new RemoveChange("room", "eve"), 1);
        await ExpectAsync(2, ChannelRole.Owner);

        await Channels.UpdateAsync(new SettingsChange("room") { Name = new(true, "Other Place") }, Cancel);
        Assert.Equal([], await DirectoryAsync("room"));
        Assert.Equal(["room"], await DirectoryAsync("pl"));
        await Channels.UpdateAsync(new SettingsChange("room") { Name = new(true, null) }, Cancel);
        Assert.Equal([], await DirectoryAsync("pl"));
        Assert.Equal(["room"], await DirectoryAsync(null));
        await Channels.DeleteAsync("room", Cancel);
        Assert.Equal([], await DirectoryAsync(null));
        await NewChannelAsync("room");
        Assert.Equal(["room"], await DirectoryAsync(null));

        async Task ExpectAsync(long members, ChannelRole? role) => Assert.Equal(
            new DirectoryChannel(new ListedChannel("room", "Room", data, members, 2), role, false),
            Assert.Single((await Channels.ListDirectoryAsync(new DirectoryQuery("ann", "room", null, 5, Sample.Time()), Cancel)).Channels));
    }

    /// <summary>Channels from which the user is banned are left out, while the ban holds.</summary>
    [Fact]
    public async Task DirectoryLeavesOutWhereOneIsBanned()
    {
        foreach (var name in new[] { "a", "b", "c", "d" }) await ListAsync(name, $"room {name}");
        await ApplyAsync(new BanChange("a", "bob", new Sanction(null, Sample.Time())), 0);
        await ApplyAsync(new BanChange("c", "bob", new Sanction(null, Sample.Time(), Sample.Time(10))), 0);
        await ApplyAsync(new MuteChange("d", "bob", new Sanction(null, Sample.Time())), 0);
        foreach (var limit in new[] { 1, 2, 9 })
        {
            Assert.Equal(["b", "d"], await DirectoryAsync("room", limit, "bob", 9));
            Assert.Equal(["b", "c", "d"], await DirectoryAsync(null, limit, "bob", 10));
        }

        Assert.Equal(["a", "b", "c", "d"], await DirectoryAsync("room", 2, "ann", 9));
    }

    /// <summary>Random names and queries: pages are complete and in order, whatever their size.</summary>
    [Fact]
    public async Task DirectoryPagesAreComplete()
    {
        var random = NewRandom();
        var all = new List<(string Channel, string Name)>();
        for (var i = 0; i < 150; i++)
        {
            var name = string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abAB"[random.Next(4)])])));
            all.Add(($"c{i}", name));
            await ListAsync($"c{i}", name);
        }

        foreach (var query in new[] { "a", "b", "ab", "a b", "ba ab", "aa bb", "abb a b" })
        {
            var words = query.ToUpperInvariant().Split(' ');
            var expected = all
                .Where(one => Array.TrueForAll(words, word => one.Name.ToUpperInvariant().Split(' ').Any(part => part.StartsWith(word, StringComparison.Ordinal))))
                .OrderBy(one => one.Name.ToUpperInvariant(), StringComparer.Ordinal).ThenBy(one => one.Channel, StringComparer.Ordinal).Select(one => one.Channel);
            Assert.Equal(expected, await DirectoryAsync(query, random.Next(1, 60)));
        }
    }

    /// <summary>What is no position in the directory is refused as such.</summary>
    [Fact]
    public void DirectoryPositionsAreChecked()
    {
        foreach (var text in new[] { "", "ä", "=", new string('A', 700) })
            Assert.Throws<FormatException>(() => new DirectoryQuery("ann", null, text, 1, Sample.Time()));
    }

    private async Task ListAsync(string channel, string? name) =>
        Assert.Equal(CreateOutcome.Created, (await Channels.CreateAsync(Sample.Channel(channel) with { Name = name }, Cancel)).Outcome);

    private async Task<IReadOnlyList<string>> DirectoryAsync(string? query, int limit = 50, string user = "ann", long at = 0)
    {
        var found = new List<string>();
        string? next = null;
        do
        {
            var page = await Channels.ListDirectoryAsync(new DirectoryQuery(user, query, next, limit, Sample.Time(at)), Cancel);
            Assert.InRange(page.Channels.Count, 0, limit);
            found.AddRange(page.Channels.Select(channel => channel.Listed.Channel));
            next = page.Next;
        }
        while (next is not null);
        return found;
    }
}
