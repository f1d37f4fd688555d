using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>A user's list has the channels that the user is a member of, each with its counters and last message.</summary>
    [Fact]
    public async Task ListHasTheUsersChannels()
    {
        var channel = await NewChannelAsync("room", "bob");
        await NewChannelAsync("other");
        await Channels.CreateAsync(new NewChannel("named", ChannelKind.Private, "Name", "bob", [], Sample.Time(-5)), Cancel);
        await channel.PostManyAsync(3);
        await channel.ReactAsync(3, "ann", "+");
        await Channels.MoveReadMarkAsync("room", "bob", 1, Cancel);
        var page = await Channels.ListChannelsAsync("bob", null, 10, Cancel);

        Assert.Null(page.Next);
        Assert.Equal(2, page.Channels.Count);
        var room = page.Channels[0];
        Assert.Equal(
            new ChannelSummary("room", null, ChannelKind.Public, ChannelRole.Member, 3, 4, 1, 2, 0, null, Changed: Sample.Time()), room with { Last = null });
        Sample.AssertSame(await channel.ReadAsync(3), room.Last!);
        Assert.Equal(new ChannelSummary("named", "Name", ChannelKind.Private, ChannelRole.Owner, 0, 0, 0, 0, 0, null, Changed: Sample.Time(-5)), page.Channels[1]);
        Assert.Empty((await Channels.ListChannelsAsync("eve", null, 10, Cancel)).Channels);
    }

    /// <summary>Unread are the messages above the mark, by others, not deleted.</summary>
    [Fact]
    public async Task UnreadCountsOthersMessagesAboveTheMark()
    {
        var channel = await NewChannelAsync("room", "bob", "cid");
        foreach (var sender in new[] { "ann", "bob", "ann", "bob", "cid", "ann" }) await channel.PostAsync("x", sender);
        Assert.Equal(4, (await SummaryAsync("bob")).Unread);
        await channel.DeleteAsync(3);
        await channel.DeleteAsync(4);
        Assert.Equal(3, (await SummaryAsync("bob")).Unread);
        Assert.Equal(2, (await SummaryAsync("ann")).Unread);
        await channel.EditAsync(6, "y");
        await Channels.MoveReadMarkAsync("room", "bob", 5, Cancel);
        Assert.Equal(1, (await SummaryAsync("bob")).Unread);
        Assert.Equal(3, (await SummaryAsync("cid")).Unread);
        await channel.PostAsync("own", "bob");
        await channel.DeleteAsync(1);
        Assert.Equal(1, (await SummaryAsync("bob")).Unread);
        await Channels.MoveReadMarkAsync("room", "bob", 7, Cancel);
        Assert.Equal(0, (await SummaryAsync("bob")).Unread);
    }

    /// <summary>Mentions are those of the unread that name the user, as they now are.</summary>
    [Fact]
    public async Task MentionsCountWhatNamesTheUser()
    {
        var channel = await NewChannelAsync("room", "bob");
        await channel.PostAsync(new MessageContent("1", Mentions: ["bob", "cid", "bob"]));
        await channel.PostAsync(new MessageContent("2", Mentions: ["cid"]));
        await channel.PostAsync(new MessageContent("3", Mentions: ["bob"]));
        await channel.PostAsync(new MessageContent("4", Mentions: ["bob"]), "bob");
        await channel.PostAsync(new MessageContent("5", Mentions: ["bob"]));
        Assert.Equal(3, (await SummaryAsync("bob")).Mentions);

        await channel.EditAsync(1, new ContentEdit(Mentions: new(true, null)));
        Assert.Equal(2, (await SummaryAsync("bob")).Mentions);
        await channel.EditAsync(2, new ContentEdit(Mentions: new(true, ["ann", "bob"])));
        await channel.EditAsync(2, "2, and its mentions kept");
        Assert.Equal(3, (await SummaryAsync("bob")).Mentions);
        await channel.DeleteAsync(3);
        await channel.ReactAsync(5, "bob", "+");
        Assert.Equal(2, (await SummaryAsync("bob")).Mentions);
        await Channels.MoveReadMarkAsync("room", "bob", 2, Cancel);
        Assert.Equal(1, (await SummaryAsync("bob")).Mentions);
    }

    /// <summary>The latest change comes first; before the first change the creation counts; equal times go by name.</summary>
    [Fact]
    public async Task ListIsOrderedByTheLatestChange()
    {
        foreach (var (name, at) in new[] { ("c", 10), ("b", 30), ("a", 20), ("B", 30), ("d", 30) })
            await Channels.CreateAsync(Sample.Channel(name) with { Created = Sample.Time(at) }, Cancel);
        Assert.Equal(["B", "b", "d", "a", "c"], await NamesAsync());

        await new ChannelDriver(Messages, "c").PostAsync("x", at: 25);
        Assert.Equal(["B", "b", "d", "c", "a"], await NamesAsync());
        await new ChannelDriver(Messages, "c").EditAsync(1, "y", at: 40);
        await Channels.MoveReadMarkAsync("a", "ann", 1, Cancel);
        await Channels.ApplyAsync(new JoinChange("a", "bob"), Cancel);
        Assert.Equal(["c", "B", "b", "d", "a"], await NamesAsync());
        await new ChannelDriver(Messages, "c").EditAsync(1, "y", at: 99);
        await new ChannelDriver(Messages, "a").PostAsync("x", at: 50);
        Assert.Equal(["a", "c", "B", "b", "d"], await NamesAsync());
    }

    /// <summary>Pages follow each other without leaving out or repeating what did not change meanwhile.</summary>
    [Fact]
    public async Task ListIsPaged()
    {
        const int count = 23;
        for (var number = 0; number < count; number++)
            await Channels.CreateAsync(Sample.Channel($"room{number:00}") with { Created = Sample.Time(number / 3) }, Cancel);
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = await Channels.ListChannelsAsync("ann", next, 5, Cancel);
            Assert.True(page.Channels.Count == 5 || page.Next is null);
            names.AddRange(page.Channels.Select(channel => channel.Channel));
            next = page.Next;
            // What changes moves to the front, behind the reader.
            await new ChannelDriver(Messages, names[0]).PostAsync("x", at: 100 + names.Count);
        }
        while (next is not null);

        Assert.Equal(count, names.Distinct().Count());
        Assert.Equal(count, names.Count);
        Assert.Null((await Channels.ListChannelsAsync("ann", null, count, Cancel)).Next);
    }

    /// <summary>
    /// The list of a user with very many channels has the same order and pages, wherever the user's channels lie among those of others.
    /// </summary>
    [Theory]
    [InlineData(1_100, 0)]
    [InlineData(1_100, 100)]
    [InlineData(1_100, 1_100)]
    public async Task ListOfVeryManyChannelsIsPaged(int count, int newer)
    {
        const int pageSize = 200, atOnce = 3;
        // Every third is another's, and so are those that are newer than all of the user's; some have the same time.
        var rooms = Enumerable.Range(-count, (2 * count) + newer).Select(number =>
            (Name: $"room{(number + 7_919) * 31 % 10_000:0000}", Owner: number >= count || number % 3 == 1 ? "bob" : "ann", Time: Sample.Time(number / atOnce)))
            .ToList();
        foreach (var chunk in rooms.Chunk(100))
            await Task.WhenAll(chunk.Select(room => Channels.CreateAsync(Sample.Channel(room.Name, room.Owner) with { Created = room.Time }, Cancel).AsTask()));
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = await Channels.ListChannelsAsync("ann", next, pageSize, Cancel);
            Assert.True(page.Channels.Count == pageSize || page.Next is null);
            names.AddRange(page.Channels.Select(channel => channel.Channel));
            next = page.Next;
        }
        while (next is not null);
        var wanted = rooms.Where(room => room.Owner == "ann").OrderByDescending(room => room.Time).ThenBy(room => room.Name, StringComparer.Ordinal);
        Assert.Equal(wanted.Select(room => room.Name), names);
    }

    /// <summary>A page ends where its last messages have enough bytes together, and the next goes on behind it.</summary>
    [Fact]
    public async Task ListIsBoundedInBytes()
    {
        const int count = 30, size = 60_000;
        var text = new string('x', size);
        for (var number = 0; number < count; number++) await (await NewChannelAsync($"room{number:00}")).PostAsync(text, at: number);
        var names = new List<string>();
        string? next = null;
        do
        {
            var page = await Channels.ListChannelsAsync("ann", next, 200, Cancel);
            Assert.InRange(page.Channels.Sum(channel => (long)channel.Last!.Text!.Length), size, ChannelPageBuilder.MaxBytes + size);
            names.AddRange(page.Channels.Select(channel => channel.Channel));
            next = page.Next;
        }
        while (next is not null);
        Assert.Equal(Enumerable.Range(0, count).Reverse().Select(number => $"room{number:00}"), names);
    }

    /// <summary>A place that did not come from the list is refused as such.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1:room")]
    [InlineData("99999999999999999999:room")]
    public async Task WrongPlaceInTheListIsRefused(string before)
    {
        await NewChannelAsync("room");
        await Assert.ThrowsAsync<FormatException>(async () => await Channels.ListChannelsAsync("ann", before, 10, Cancel));
    }

    private async Task<ChannelSummary> SummaryAsync(string user) =>
        Assert.Single((await Channels.ListChannelsAsync(user, null, 10, Cancel)).Channels);

    private async Task<IEnumerable<string>> NamesAsync() =>
        (await Channels.ListChannelsAsync("ann", null, 100, Cancel)).Channels.Select(channel => channel.Channel);
}
