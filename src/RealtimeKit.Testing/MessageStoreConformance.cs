using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>What every <see cref="IMessageStore"/> must do. Derive from it and give it a store; each test gets a fresh one.</summary>
public abstract partial class MessageStoreConformance : StoreConformance
{
    /// <summary>A post takes the next sequence and version, and is read back as it was returned.</summary>
    [Fact]
    public async Task PostTakesTheNextNumbersAndIsReadBackAsReturned()
    {
        var channel = await NewChannelAsync();
        var first = await channel.PostAsync("one", at: 5);
        var second = await channel.PostAsync("two", sender: "bob", at: 6);

        Assert.Equal((1, 1), (first.Sequence, first.Version));
        Assert.Equal((2, 2), (second.Sequence, second.Version));
        Assert.Equal(("one", "ann", Sample.Time(5), "lobby"), (first.Text, first.Sender, first.Time, first.Channel));
        Sample.AssertSame(first, await channel.ReadAsync(1));
        Sample.AssertSame(second, await channel.ReadAsync(2));
        await channel.AssertHeadAsync(2, 2);
    }

    /// <summary>A batch is numbered in its order, and its results stand in the same order.</summary>
    [Fact]
    public async Task BatchIsNumberedInItsOrder()
    {
        var channel = await NewChannelAsync();
        var messages = await channel.PostManyAsync(1_000);

        Assert.Equal(Enumerable.Range(1, 1_000).Select(number => ((long)number, (long)number, $"{number}")),
            messages.Select(message => (message.Sequence, message.Version, message.Text!)));
        await channel.AssertHeadAsync(1_000, 1_000);
    }

    /// <summary>An empty batch has no results and changes nothing.</summary>
    [Fact]
    public async Task EmptyBatchIsAllowed()
    {
        await NewChannelAsync();
        Assert.Empty(await Messages.AppendAsync([], Cancel));
    }

    /// <summary>Channels count separately, in one batch as well.</summary>
    [Fact]
    public async Task ChannelsCountSeparately()
    {
        var one = await NewChannelAsync("one");
        var two = await NewChannelAsync("two");
        var results = await Messages.AppendAsync(
            [Sample.Post("one", "a"), Sample.Post("two", "b"), Sample.Post("one", "c"), Sample.Edit("one", 1, "d"), Sample.Post("two", "e")], Cancel);

        Assert.Equal([(1L, 1L), (1, 1), (2, 2), (1, 3), (2, 2)],
            results.Select(ChannelDriver.Appended).Select(message => (message.Sequence, message.Version)));
        await one.AssertHeadAsync(3, 2);
        await two.AssertHeadAsync(2, 2);
        Assert.All((await two.HistoryAsync()).Messages, message => Assert.Equal("two", message.Channel));
    }

    /// <summary>Every result tells the epoch of its channel, the one that the head has.</summary>
    [Fact]
    public async Task ResultsTellTheEpoch()
    {
        await NewChannelAsync("one");
        await NewChannelAsync("two");
        var known = Sample.Post("one", "a");
        List<AppendResult> results = [.. await Messages.AppendAsync([known, Sample.Post("two", "b")], Cancel)];
        results.AddRange(await Messages.AppendAsync([known, Sample.Post("two", "c"), Sample.Edit("one", 1, "d"), Sample.Edit("two", 9, "e")], Cancel));

        var heads = (await Messages.ReadHeadsAsync(["one", "two"], Cancel)).ToDictionary(head => head.Channel, head => head.Epoch);
        Assert.Equal(
            [heads["one"], heads["two"], heads["one"], heads["two"], heads["one"], heads["two"]], results.Select(result => result.Epoch));
        Assert.NotEqual(heads["one"], heads["two"]);
    }

    /// <summary>A change to a channel that does not exist is refused, and so is every kind of it.</summary>
    [Fact]
    public async Task ChangesToAMissingChannelAreRefused()
    {
        var channel = await NewChannelAsync();
        var results = await Messages.AppendAsync(
        [
            Sample.Post("nowhere", "a"), Sample.Edit("nowhere", 1, "b"), new DeleteChange("nowhere", Sample.Time(), 1),
            new ReactChange("nowhere", Sample.Time(), 1, "ann", "+", false), Sample.Post("nowhere", "c") with { OnlyIfKnown = true },
        ], Cancel);

        Assert.All(results, result => ChannelDriver.AssertRefused(AppendOutcome.NoChannel, result));
        await channel.AssertHeadAsync(0, 0);
    }

    /// <summary>A refused change leaves the others of its batch alone and takes no number.</summary>
    [Fact]
    public async Task RefusedChangesLeaveTheOthersAlone()
    {
        var channel = await NewChannelAsync();
        var results = await Messages.AppendAsync(
        [
            Sample.Post("lobby", "one"), Sample.Post("nowhere", "x"), Sample.Edit("lobby", 9, "x"), Sample.Post("lobby", "x", replyTo: 9),
            new ReactChange("lobby", Sample.Time(), 1, "ann", "+", true), Sample.Post("lobby", "two"),
        ], Cancel);

        Assert.Equal(
        [
            AppendOutcome.Appended, AppendOutcome.NoChannel, AppendOutcome.NoMessage, AppendOutcome.NoMessage,
            AppendOutcome.Unchanged, AppendOutcome.Appended,
        ], results.Select(result => result.Outcome));
        await channel.AssertHeadAsync(2, 2);
        Assert.Equal(["one", "two"], (await channel.HistoryAsync()).Messages.Select(message => message.Text));
    }

    /// <summary>Text comes back unit for unit, whatever it holds.</summary>
    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData(" leading, trailing and 'quoted' \"text\"; -- %_?1 \\ \n\r\t ")]
    [InlineData("Grüße, Ωμέγα, мир, 你好, שלום, مرحبا")]
    [InlineData("👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u200f \ufeff \uffff \U0010ffff")]
    public async Task TextComesBackAsItWas(string text)
    {
        var channel = await NewChannelAsync();
        var content = new MessageContent(text, JsonValue.Parse("1"));
        await channel.PostAsync(content);

        Assert.Equal(text, (await channel.ReadAsync(1)).Text);
        Assert.Equal(text, Assert.Single((await channel.ChangesAsync(0)).Messages).Text);
    }

    /// <summary>A long text comes back whole.</summary>
    [Fact]
    public async Task LongTextComesBackWhole()
    {
        var channel = await NewChannelAsync();
        var text = string.Concat(Enumerable.Repeat("Wörter 🎈 ", 5_000));
        await channel.PostAsync(text);
        Assert.Equal(text, (await channel.ReadAsync(1)).Text);
    }

    /// <summary>JSON data comes back equal as a value, and absent data stays absent.</summary>
    [Theory]
    [InlineData("{\"a\":[1,2.50,-3e400,true,false,null,\"\\u00e4\\n🎈\"],\"\":{\"b\":{}},\"a b\":12345678901234567890123}")]
    [InlineData("[]")]
    [InlineData("\"\"")]
    [InlineData("0")]
    [InlineData("false")]
    public async Task DataComesBackEqualAsAValue(string json)
    {
        var channel = await NewChannelAsync();
        await channel.PostAsync(new MessageContent(Data: JsonValue.Parse(json)));
        await channel.PostAsync("no data");

        Assert.Equal(JsonValue.Parse(json), (await channel.ReadAsync(1)).Content.Data);
        Assert.Null((await channel.ReadAsync(1)).Text);
        Assert.Null((await channel.ReadAsync(2)).Content.Data);
    }

    /// <summary>Attachments and mentions come back as they were, in their order.</summary>
    [Fact]
    public async Task AttachmentsAndMentionsComeBackAsTheyWere()
    {
        var channel = await NewChannelAsync();
        var attachments = JsonValue.Parse("[{\"url\":\"https://example.org/ä\",\"size\":1},{}]");
        var users = Enumerable.Range(0, 50).Select(number => $"user-{49 - number}.a_b:c@d").ToList();
        var posted = await channel.PostAsync(new MessageContent(Attachments: attachments, Mentions: users));
        await channel.PostAsync(new MessageContent("nobody"));

        var read = await channel.ReadAsync(1);
        Sample.AssertSame(posted, read);
        Assert.Equal(attachments, read.Content.Attachments);
        Assert.Equal(users, read.Content.Mentions);
        Assert.Empty((await channel.ReadAsync(2)).Content.Mentions ?? []);
    }

    /// <summary>A call that is cancelled before it began stores nothing, and the store goes on.</summary>
    [Fact]
    public async Task CancelledCallsStoreNothing()
    {
        var channel = await NewChannelAsync();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Messages.AppendAsync([Sample.Post("lobby", "x")], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Messages.ReadChangesAsync("lobby", 0, Sample.All, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Messages.ReadHistoryAsync(new HistoryQuery("lobby", Sample.All), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Messages.ReadHeadsAsync(["lobby"], cancelled));
        await channel.AssertHeadAsync(0, 0);
        Assert.Equal(1, (await channel.PostAsync("after it")).Sequence);
    }
}
