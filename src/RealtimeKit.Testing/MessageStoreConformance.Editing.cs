using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Testing;

public abstract partial class MessageStoreConformance
{
    private static readonly MessageContent Full = new(
        "text", JsonValue.Parse("{\"a\":1}"), JsonValue.Parse("[{\"n\":1}]"), ["bob", "cid"]);

    /// <summary>An edit gives a message the next version and its time, and keeps its place, sender, time and id.</summary>
    [Fact]
    public async Task EditTakesAVersionAndKeepsThePlace()
    {
        var channel = await NewChannelAsync();
        var first = await channel.PostAsync("before", at: 1);
        await channel.PostAsync("another");
        var edited = ChannelDriver.Appended(await channel.EditAsync(1, "after", at: 7));

        Sample.AssertSame(first with { Content = new MessageContent("after"), Version = 3, EditedAt = Sample.Time(7) }, edited);
        Sample.AssertSame(edited, await channel.ReadAsync(1));
        await channel.AssertHeadAsync(3, 2);
    }

    /// <summary>Each part of the content is kept, replaced or removed by itself.</summary>
    [Fact]
    public async Task EditKeepsReplacesAndRemovesEachPart()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync(Full);
        var data = JsonValue.Parse("[2]");
        IReadOnlyList<string> mentions = ["dan"];

        await channel.EditAsync(1, new ContentEdit(Text: new(true, null), Data: new(true, data)));
        Assert.Equal(new MessageContent(null, data, Full.Attachments, Full.Mentions), (await channel.ReadAsync(1)).Content);
        await channel.EditAsync(1, new ContentEdit(Attachments: new(true, null), Mentions: new(true, mentions)));
        Assert.Equal(new MessageContent(null, data, null, mentions), (await channel.ReadAsync(1)).Content);
        await channel.EditAsync(1, new ContentEdit(Text: new(true, "text"), Data: new(true, null), Mentions: new(true, null)));
        Assert.Equal(new MessageContent("text"), (await channel.ReadAsync(1)).Content);
        await channel.AssertHeadAsync(4, 1);
    }

    /// <summary>An edit that would leave nothing is refused.</summary>
    [Fact]
    public async Task EditThatLeavesNothingIsRefused()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");

        Assert.Equal(AppendOutcome.NothingLeft, (await channel.EditAsync(1, new ContentEdit(Text: new(true, null)))).Outcome);
        Assert.Equal(AppendOutcome.NothingLeft, (await channel.EditAsync(1, "")).Outcome);
        Assert.Equal("text", (await channel.ReadAsync(1)).Text);
        await channel.AssertHeadAsync(1, 1);
    }

    /// <summary>An edit whose parts together are larger than a message may be is refused, though each is not.</summary>
    [Fact]
    public async Task EditThatMakesTooLargeAMessageIsRefused()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var large = $"\"{new string('x', ProtocolConstants.MaxFrameBytes - 1_000)}\"";

        await channel.EditAsync(1, new ContentEdit(Data: new(true, JsonValue.Parse(large))));
        var edit = new ContentEdit(Attachments: new(true, JsonValue.Parse($"[{{\"x\":{large}}}]")));
        Assert.Equal(AppendOutcome.TooLarge, (await channel.EditAsync(1, edit)).Outcome);
        Assert.Null((await channel.ReadAsync(1)).Content.Attachments);
        await channel.AssertHeadAsync(2, 1);
    }

    /// <summary>An edit that was decided for another content than the message has is not made; reactions make no other content.</summary>
    [Fact]
    public async Task EditDecidedForAnotherContentIsStale()
    {
        var channel = await NewChannelAsync();
        var posted = await channel.PostAsync(Full);
        await channel.ReactAsync(1, "ann", "+1");
        Assert.Equal(AppendOutcome.Appended, (await channel.EditAsync(1, new ContentEdit(Text: new(true, "second")), posted.Content)).Outcome);
        Assert.Equal(AppendOutcome.Stale, (await channel.EditAsync(1, new ContentEdit(Text: new(true, "third")), posted.Content)).Outcome);
        Assert.Equal("second", (await channel.ReadAsync(1)).Text);
        await channel.AssertHeadAsync(3, 1);
    }

    /// <summary>An edit to what is there already takes no version; data is compared as a JSON value.</summary>
    [Fact]
    public async Task EditThatChangesNothingTakesNoVersion()
    {
        var channel = await NewChannelAsync();
        var posted = await channel.PostAsync(Full);
        var same = new ContentEdit(Text: new(true, "text"), Data: new(true, JsonValue.Parse("{ \"a\": 1.0 }")));
        var result = await channel.EditAsync(1, same);

        Assert.Equal(AppendOutcome.Unchanged, result.Outcome);
        Sample.AssertSame(posted, result.Message!);
        Assert.Equal(AppendOutcome.Unchanged, (await channel.EditAsync(1, new ContentEdit())).Outcome);
        Assert.Null((await channel.ReadAsync(1)).EditedAt);
        await channel.AssertHeadAsync(1, 1);
    }

    /// <summary>A message that was never there can be neither edited nor deleted nor reacted to.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(long.MaxValue)]
    [InlineData(68_719_476_737)]
    public async Task ChangesToAMissingMessageAreRefused(long sequence)
    {
        var channel = await NewChannelAsync();
        var other = await NewChannelAsync("other");
        await channel.PostAsync("only");
        await other.PostManyAsync(2);

        Assert.Equal(AppendOutcome.NoMessage, (await channel.EditAsync(sequence, "x")).Outcome);
        Assert.Equal(AppendOutcome.NoMessage, (await channel.DeleteAsync(sequence)).Outcome);
        Assert.Equal(AppendOutcome.NoMessage, (await channel.ReactAsync(sequence, "ann", "+")).Outcome);
        await channel.AssertHeadAsync(1, 1);
    }

    /// <summary>A deleted message keeps its place and loses what it said and its reactions.</summary>
    [Fact]
    public async Task DeletionKeepsThePlaceAndTakesTheContent()
    {
        var channel = await NewChannelAsync();
        var posted = await channel.PostAsync(Full);
        await channel.ReactAsync(1, "bob", "+");
        var deleted = ChannelDriver.Appended(await channel.DeleteAsync(1, at: 9));

        Sample.AssertSame(posted with { Content = MessageContent.None, Version = 3, DeletedAt = Sample.Time(9) }, deleted);
        Sample.AssertSame(deleted, await channel.ReadAsync(1));
        Assert.Equal(2, (await channel.PostAsync("next")).Sequence);
        Assert.Empty(await Channels.ListOwnReactionsAsync("lobby", 1, "bob", Cancel));
    }

    /// <summary>Deleting twice changes nothing; editing what is deleted conflicts.</summary>
    [Fact]
    public async Task DeletedMessagesChangeNoMore()
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync("text");
        var deleted = ChannelDriver.Appended(await channel.DeleteAsync(1, at: 1));
        var again = await channel.DeleteAsync(1, at: 2);

        Assert.Equal(AppendOutcome.Unchanged, again.Outcome);
        Sample.AssertSame(deleted, again.Message!);
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.EditAsync(1, "back"));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ReactAsync(1, "ann", "+"));
        ChannelDriver.AssertRefused(AppendOutcome.Conflict, await channel.ReactAsync(1, "ann", "+", remove: true));
        await channel.AssertHeadAsync(2, 1);
    }

    /// <summary>Changes in one batch see what those before them did.</summary>
    [Fact]
    public async Task ChangesInOneBatchSeeEachOther()
    {
        var channel = await NewChannelAsync();
        var results = await Messages.AppendAsync(
        [
            Sample.Post("lobby", "a"), Sample.Edit("lobby", 1, "b"), Sample.Edit("lobby", 1, "b"),
            new ReactChange("lobby", Sample.Time(), 1, "ann", "+", false), new DeleteChange("lobby", Sample.Time(), 1),
            Sample.Edit("lobby", 1, "c"),
        ], Cancel);

        Assert.Equal(
        [
            AppendOutcome.Appended, AppendOutcome.Appended, AppendOutcome.Unchanged, AppendOutcome.Appended,
            AppendOutcome.Appended, AppendOutcome.Conflict,
        ], results.Select(result => result.Outcome));
        Assert.Equal("b", results[3].Message!.Text);
        await channel.AssertHeadAsync(4, 1);
    }
}
