using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>Reactions are counted per kind, with their users in the order of giving, and each takes a version.</summary>
    [Fact]
    public async Task ReactionsAreCountedWithTheirUsersInOrder()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        await channel.ReactAsync(1, "zoe", "👍");
        await channel.ReactAsync(1, "ann", "👍");
        await channel.ReactAsync(1, "ann", "👍🏽");
        var last = ChannelDriver.Appended(await channel.ReactAsync(1, "bob", "a"));

        Assert.Equal(5, last.Version);
        Sample.AssertReactions(last, ("👍", 2, ["zoe", "ann"]), ("👍🏽", 1, ["ann"]), ("a", 1, ["bob"]));
        Sample.AssertSame(last, await channel.ReadAsync(1));
        Sample.AssertSame(last, Assert.Single((await channel.ChangesAsync(4)).Messages));
    }

    /// <summary>The same reaction again, and taking back what was not given, change nothing.</summary>
    [Fact]
    public async Task RepeatedReactionsChangeNothing()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var given = ChannelDriver.Appended(await channel.ReactAsync(1, "ann", "a"));

        var again = await channel.ReactAsync(1, "ann", "a");
        Assert.Equal(AppendOutcome.Unchanged, again.Outcome);
        Sample.AssertSame(given, again.Message!);
        Assert.Equal(AppendOutcome.Unchanged, (await channel.ReactAsync(1, "bob", "a", remove: true)).Outcome);
        Assert.Equal(AppendOutcome.Unchanged, (await channel.ReactAsync(1, "ann", "A", remove: true)).Outcome);
        await channel.AssertHeadAsync(2, 1);
    }

    /// <summary>A reaction that nobody gives any more is gone; one given again stands last.</summary>
    [Fact]
    public async Task ReactionsTakenBackAreGone()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        await channel.ReactAsync(1, "ann", "a");
        await channel.ReactAsync(1, "bob", "a");
        Sample.AssertReactions(ChannelDriver.Appended(await channel.ReactAsync(1, "ann", "a", remove: true)), ("a", 1, ["bob"]));
        Sample.AssertReactions(ChannelDriver.Appended(await channel.ReactAsync(1, "ann", "a")), ("a", 2, ["bob", "ann"]));
        await channel.ReactAsync(1, "ann", "a", remove: true);
        Sample.AssertReactions(ChannelDriver.Appended(await channel.ReactAsync(1, "bob", "a", remove: true)));
        Assert.Empty((await channel.ReadAsync(1)).Reactions);
        await channel.AssertHeadAsync(7, 1);
    }

    /// <summary>At most 20 users are named; the count has all, and the next moves up when a named one goes.</summary>
    [Fact]
    public async Task TwentyUsersAreNamedAndTheNextMovesUp()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var users = Enumerable.Range(0, 23).Select(number => $"user{30 - number}").ToList();
        foreach (var user in users) await channel.ReactAsync(1, user, "a");
        Sample.AssertReactions(await channel.ReadAsync(1), ("a", 23, [.. users.Take(20)]));

        foreach (var leaving in new[] { users[22], users[3], users[0] })
        {
            var message = ChannelDriver.Appended(await channel.ReactAsync(1, leaving, "a", remove: true));
            users.Remove(leaving);
            Sample.AssertReactions(message, ("a", users.Count, [.. users.Take(20)]));
        }

        Sample.AssertReactions(await channel.ReadAsync(1), ("a", 20, [.. users]));
    }

    /// <summary>A message takes so many different reactions and no more; those that are there may grow.</summary>
    [Fact]
    public async Task KindsOfReactionsAreLimited()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        for (var kind = 0; kind < ChangeRules.MaxReactionsPerMessage; kind++) await channel.ReactAsync(1, "ann", $"r{kind}");

        Assert.Equal(AppendOutcome.TooManyReactions, (await channel.ReactAsync(1, "ann", "one more")).Outcome);
        Assert.Equal(AppendOutcome.Appended, (await channel.ReactAsync(1, "bob", "r7")).Outcome);
        await channel.ReactAsync(1, "ann", "r1", remove: true);
        Assert.Equal(AppendOutcome.Appended, (await channel.ReactAsync(1, "ann", "one more")).Outcome);
        Assert.Equal(ChangeRules.MaxReactionsPerMessage, (await channel.ReadAsync(1)).Reactions.Count);
    }

    /// <summary>An edit leaves the reactions as they are.</summary>
    [Fact]
    public async Task EditKeepsReactions()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        await channel.ReactAsync(1, "ann", "a");
        Sample.AssertReactions(ChannelDriver.Appended(await channel.EditAsync(1, "new")), ("a", 1, ["ann"]));
        Sample.AssertReactions(await channel.ReadAsync(1), ("a", 1, ["ann"]));
    }
}
