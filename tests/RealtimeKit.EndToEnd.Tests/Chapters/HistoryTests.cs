using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`history`: pages in both directions.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class HistoryTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Theory]
    [InlineData("{}", "1 2 3 4 5 6 7 8 9 10", false)]
    [InlineData("""{"limit":3}""", "8 9 10", true)]
    [InlineData("""{"limit":10}""", "1 2 3 4 5 6 7 8 9 10", false)]
    [InlineData("""{"limit":3,"before":8}""", "5 6 7", true)]
    [InlineData("""{"limit":3,"before":4}""", "1 2 3", false)]
    [InlineData("""{"limit":3,"before":3}""", "1 2", false)]
    [InlineData("""{"before":1}""", "", false)]
    [InlineData("""{"before":0}""", "", false)]
    [InlineData("""{"before":1000,"limit":2}""", "9 10", true)]
    [InlineData("""{"after":0,"limit":3}""", "1 2 3", true)]
    [InlineData("""{"after":3,"limit":3}""", "4 5 6", true)]
    [InlineData("""{"after":7,"limit":3}""", "8 9 10", false)]
    [InlineData("""{"after":8}""", "9 10", false)]
    [InlineData("""{"after":10}""", "", false)]
    [InlineData("""{"after":1000}""", "", false)]
    [InlineData("""{"after":2,"before":9}""", "3 4 5 6 7 8", false)]
    [InlineData("""{"after":2,"before":9,"limit":2}""", "3 4", true)]
    [InlineData("""{"after":6,"before":9,"limit":2}""", "7 8", false)]
    [InlineData("""{"after":5,"before":6}""", "", false)]
    [InlineData("""{"after":8,"before":3}""", "", false)]
    public async Task Pages_are_ascending_and_say_whether_there_is_more(string fields, string expected, bool more)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 10);
        var page = await HistoryAsync(ann, channel, Frames.Parse(fields));
        page.Text("channel").Should().Be(channel);
        string.Join(' ', page.Sequences()).Should().Be(expected);
        page.Flag("more").Should().Be(more);
        foreach (var message in page.Items("messages"))
        {
            var sequence = message.Number("sequence");
            message.ShouldBeMessage(channel, sequence, sequence, ann.User).Text("text").Should().Be($"text {sequence}");
        }
    }

    [Fact]
    public async Task An_empty_channel_has_an_empty_history()
    {
        var (ann, channel) = await WithChannelAsync();
        var page = await HistoryAsync(ann, channel);
        page.Items("messages").Should().BeEmpty();
        page.Flag("more").Should().BeFalse();
    }

    [Fact]
    public async Task Messages_are_told_as_they_now_are()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 3);
        await ann.RequestAsync("edit", new { channel, sequence = 1, text = "edited" });
        await ann.RequestAsync("delete", new { channel, sequence = 2 });
        await ann.RequestAsync("react", new { channel, sequence = 3, reaction = "a" });
        var messages = (await HistoryAsync(ann, channel)).Items("messages");
        messages[0].ShouldBeMessage(channel, 1, 4, ann.User).Text("text").Should().Be("edited");
        messages[1].ShouldBeMessage(channel, 2, 5, ann.User).ShouldLack("text");
        messages[2].ShouldBeMessage(channel, 3, 6, ann.User).Field("reactions").ShouldEqualJson($$$"""{"a":{"count":1,"users":["{{{ann.User}}}"]}}""");
    }

    [Fact]
    public async Task What_was_acknowledged_is_in_history_for_everyone_at_once()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        for (var n = 1; n <= 30; n++)
        {
            await PublishAsync(ann, channel);
            (await HistoryAsync(ben, channel, new { limit = 1 })).Sequences().Should().Equal(n);
        }
    }

    [Fact]
    public async Task A_channel_that_does_not_exist_is_not_found()
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("history", new { channel = NewName("none") })).ShouldBeError("not_found");
    }
}
