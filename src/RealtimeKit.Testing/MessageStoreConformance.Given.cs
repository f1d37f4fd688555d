using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    /// <summary>A call leaves the list that it was given as it was: several calls may have the same one, and the caller may look at it afterwards.</summary>
    [Fact]
    public async Task GivenListIsLeftAsItWas()
    {
        var channels = new[] { "b", "a", "c" };
        foreach (var name in channels) await NewChannelAsync(name);
        MessageChange[] given = [.. Enumerable.Range(1, 30).Select(number => Sample.Post(channels[number % channels.Length], $"{number}", at: 30 - number))];
        MessageChange[] before = [.. given];

        var results = await Task.WhenAll(Messages.AppendAsync(given, Cancel).AsTask(), Messages.AppendAsync(given, Cancel).AsTask());

        Assert.Equal(before, given);
        Assert.Equal(given.Length, results.SelectMany(one => one).Count(result => result.Outcome == AppendOutcome.Appended));
        Assert.Equal(given.Length, results.SelectMany(one => one).Count(result => result.Outcome == AppendOutcome.Duplicate));
    }

    /// <summary>A change that was decided for another epoch of its channel finds no message, and changes none; a post is to be decided anew.</summary>
    [Fact]
    public async Task ChangesForAnotherEpochFindNoMessage()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("ann's, of the first channel");
        var earlier = (await channel.HeadAsync()).Epoch;
        Assert.True(await Channels.DeleteAsync("lobby", Cancel));
        await NewChannelAsync();
        var posted = await channel.PostAsync("bob's, of the second channel", sender: "bob");
        var present = (await channel.HeadAsync()).Epoch;

        MessageChange[] late = Changes(earlier);
        var results = await Messages.AppendAsync([.. late, Sample.Post("lobby", "between"), .. late], Cancel);

        Assert.Equal(1, results.Count(result => result.Outcome == AppendOutcome.Appended));
        foreach (var (change, result) in late.Concat(late).Zip(results.Take(late.Length).Concat(results.TakeLast(late.Length))))
            ChannelDriver.AssertRefused(change is PostChange ? AppendOutcome.Stale : AppendOutcome.NoMessage, result);
        Assert.All(results, result => Assert.Equal(present, result.Epoch));
        Sample.AssertSame(posted, await channel.ReadAsync(1));
        await channel.AssertHeadAsync(2, 2);

        foreach (var change in Changes(present)) ChannelDriver.Appended(await channel.ApplyAsync(change));

        static MessageChange[] Changes(string epoch) =>
        [
            Sample.Edit("lobby", 1, "edited") with { Epoch = epoch },
            new ReactChange("lobby", Sample.Time(), 1, "ann", "+", false) { Epoch = epoch },
            Sample.Post("lobby", $"decided for {epoch}") with { Epoch = epoch },
            new DeleteChange("lobby", Sample.Time(), 1) { Epoch = epoch },
        ];
    }
}
