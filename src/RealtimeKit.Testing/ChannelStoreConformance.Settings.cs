using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class ChannelStoreConformance
{
    /// <summary>Settings are made, changed part by part, and removed; what is so already is told; the list of channels has them.</summary>
    [Fact]
    public async Task SettingsChangePartByPart()
    {
        var data = JsonValue.Parse("""{"topic":"Der Raum 🎈","n":1.0}""");
        await Channels.CreateAsync(Sample.Channel("room") with { Name = "Room", Data = data }, Cancel);
        await NewChannelAsync("later");
        await ExpectAsync(new SettingsChange("room"), SettingsOutcome.Unchanged, new ChannelSettings("Room", data), 0);
        await ExpectAsync(new SettingsChange("room") { Data = new(true, JsonValue.Parse("""{"n":1,"topic":"Der Raum 🎈"}""")) }, SettingsOutcome.Unchanged, new ChannelSettings("Room", data), 0);
        await ExpectAsync(new SettingsChange("room") { Name = new(true, "Other") }, SettingsOutcome.Changed, new ChannelSettings("Other", data), 0);
        await ExpectAsync(new SettingsChange("room") { Name = new(true, null), Data = new(true, null) }, SettingsOutcome.Changed, new ChannelSettings(), 0);
        await ExpectAsync(new SettingsChange("room") { Closed = true }, SettingsOutcome.Changed, new ChannelSettings(Closed: true), 1);
        await ExpectAsync(new SettingsChange("room") { Closed = true }, SettingsOutcome.Unchanged, new ChannelSettings(Closed: true), 1);
        await ExpectAsync(new SettingsChange("room") { Closed = false, SlowMode = 5 }, SettingsOutcome.Changed, new ChannelSettings(SlowMode: 5), 2);
        await ExpectAsync(new SettingsChange("room") { SlowMode = 3 }, SettingsOutcome.Changed, new ChannelSettings(SlowMode: 3), 3);
        await ExpectAsync(new SettingsChange("room") { SlowMode = 9, Revision = 1 }, SettingsOutcome.Stale, new ChannelSettings(SlowMode: 3), 3);
        await ExpectAsync(new SettingsChange("room") { SlowMode = 9, Revision = 3 }, SettingsOutcome.Changed, new ChannelSettings(SlowMode: 9), 4);
        await ExpectAsync(new SettingsChange("room") { Data = new(true, data), Closed = true }, SettingsOutcome.Changed, new ChannelSettings(Data: data, Closed: true, SlowMode: 9), 5);
        await ExpectAsync(new SettingsChange("room") { Revises = true }, SettingsOutcome.Changed, new ChannelSettings(Data: data, Closed: true, SlowMode: 9), 6);
        Assert.Equal(SettingsOutcome.NoChannel, (await Channels.UpdateAsync(new SettingsChange("nowhere") { Closed = true }, Cancel)).Outcome);

        var page = (await Channels.ListChannelsAsync("ann", null, 10, Cancel)).Channels;
        Assert.Equal(["later", "room"], page.Select(one => one.Channel).Order(StringComparer.Ordinal));
        var listed = page.Single(one => one.Channel == "room");
        Assert.Equal((data, true, null), (listed.Data, listed.Closed, listed.Name));

        async Task ExpectAsync(SettingsChange change, SettingsOutcome outcome, ChannelSettings settings, long revision)
        {
            Assert.Equal(new SettingsResult(outcome, settings, revision), await Channels.UpdateAsync(change, Cancel));
            var view = (await Channels.FindAsync("room", "ann", Cancel))!;
            Assert.Equal((settings, revision), (view.Settings, view.Head.Revision));
        }
    }

    /// <summary>A post with a pause is refused before it has passed since the sender's last post, with the time that is left.</summary>
    [Fact]
    public async Task PausesAreKept()
    {
        var room = await NewChannelAsync("room");
        await NewChannelAsync("other");
        await room.ApplyAsync(Sample.Post("room", "before the slow mode", "bob", at: 1_000));
        await ExpectAsync("bob", 5_000, AppendOutcome.TooSoon, 6_000);
        await ExpectAsync("eve", 5_000, AppendOutcome.Appended);
        await ExpectAsync("eve", 14_999, AppendOutcome.TooSoon, 1);
        await ExpectAsync("eve", 15_000, AppendOutcome.Appended);
        await ExpectAsync("bob", 11_000, AppendOutcome.Appended);
        // Another channel and posts without a pause are free.
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Sample.Post("other", "x", "eve", at: 15_001) with { Pause = TimeSpan.FromSeconds(10) })).Outcome);
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Sample.Post("room", "x", "eve", at: 15_001))).Outcome);
        // A node whose clock is behind makes nobody wait for longer than the pause.
        await ExpectAsync("eve", 1, AppendOutcome.TooSoon, 10_000);
        await room.AssertHeadAsync(5, 5);

        async Task ExpectAsync(string user, long at, AppendOutcome outcome, long wait = 0)
        {
            var result = await room.ApplyAsync(Sample.Post("room", "x", user, at: at) with { Pause = TimeSpan.FromSeconds(10) });
            Assert.Equal((outcome, wait), (result.Outcome, (long)result.Wait.TotalMilliseconds));
        }
    }

    /// <summary>Behind a post that came too soon no later one of its user passes in the batch, or a retry would stand behind it.</summary>
    [Fact]
    public async Task NothingPassesAPostThatCameTooSoon()
    {
        await NewChannelAsync("room");
        PostChange Slow(string user, long at, int pause) => Sample.Post("room", "x", user, at: at) with { Pause = TimeSpan.FromMilliseconds(pause) };
        var first = Slow("bob", 0, 1_000);
        Assert.Equal("Appended TooSoon TooSoon TooSoon Duplicate Appended", string.Join(' ', (await Messages.AppendAsync(
            [first, Slow("bob", 999, 1_000), Slow("bob", 1_001, 1_000), Slow("bob", 1_002, 0), first, Slow("eve", 999, 1_000)], Cancel)).Select(result => result.Outcome)));
        // A copy of a stored message is known all the same, whether or not it has a pause.
        Assert.Equal("TooSoon Duplicate", string.Join(' ', (await Messages.AppendAsync(
            [Slow("bob", 500, 1_000), first with { Pause = TimeSpan.Zero }], Cancel)).Select(result => result.Outcome)));
    }

    /// <summary>When slow mode begins anew, what its users posted meanwhile counts, and not what was kept of the time before.</summary>
    [Fact]
    public async Task ANewSlowModeCountsFromTheLatestPost()
    {
        var room = await NewChannelAsync("room");
        await Channels.UpdateAsync(new SettingsChange("room") { SlowMode = 10 }, Cancel);
        PostChange Slow(long at) => Sample.Post("room", "x", "bob", at: at) with { Pause = TimeSpan.FromSeconds(10) };
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Slow(0))).Outcome);
        await Channels.UpdateAsync(new SettingsChange("room") { SlowMode = 0 }, Cancel);
        await room.ApplyAsync(Sample.Post("room", "x", "bob", at: 15_000));
        await Channels.UpdateAsync(new SettingsChange("room") { SlowMode = 10 }, Cancel);
        Assert.Equal(AppendOutcome.TooSoon, (await room.ApplyAsync(Slow(20_000))).Outcome);
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Slow(25_000))).Outcome);
    }

    /// <summary>Within a batch, too, one post of a user passes; a copy of a stored message is known whatever the pause; deleting does not help.</summary>
    [Fact]
    public async Task PausesHoldWithinABatchAndNotForCopies()
    {
        var room = await NewChannelAsync("room");
        PostChange Slow(string user, long at) => Sample.Post("room", "x", user, at: at) with { Pause = TimeSpan.FromSeconds(10) };
        PostChange first = Slow("bob", 0), second = Slow("bob", 1);
        Assert.Equal("Appended TooSoon Appended TooSoon Duplicate", string.Join(' ', (await Messages.AppendAsync(
            [first, second, Slow("eve", 2), Slow("eve", 3), first], Cancel)).Select(result => result.Outcome)));
        Assert.Equal(AppendOutcome.Appended, (await room.ApplyAsync(Slow("bob", 10_000))).Outcome);
        Assert.Equal(AppendOutcome.Duplicate, (await room.ApplyAsync(first with { Time = Sample.Time(10_001) })).Outcome);
        await room.DeleteAsync(3);
        Assert.Equal(AppendOutcome.TooSoon, (await room.ApplyAsync(Slow("bob", 10_002))).Outcome);
        await room.AssertHeadAsync(4, 3);
    }
}
