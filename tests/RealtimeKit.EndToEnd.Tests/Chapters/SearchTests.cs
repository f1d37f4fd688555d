using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`search`: what a query finds, where, and in which pages.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class SearchTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Server_announces_search()
    {
        var ann = await OpenAsync();
        (await ann.ConnectAsync()).Items("features").Select(feature => feature.GetString()).Should().Contain("search");
    }

    [Theory]
    [InlineData("cafe", "Ein Café", "4,4")]
    [InlineData("CAF", "Ein Café", "4,3")]
    [InlineData("fé", "Ein Café", null)]
    [InlineData("ein café", "Café ein", "0,4 5,3")]
    [InlineData("ein tee", "Ein Café", null)]
    [InlineData("\"ein café\"", "Ein: Café!", "0,9")]
    [InlineData("\"ein caf\"", "Ein Café", null)]
    [InlineData("京", "東京都", "1,1")]
    [InlineData("국", "한국어", "1,1")]
    [InlineData("ก", "ภาษาไทยกัน", "7,2")]
    [InlineData("cat OR NOT dog", "dog or cat, not", "0,3 4,2 7,3 12,3")]
    public async Task Query_finds_text(string query, string text, string? matches)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "another");
        await PublishAsync(ann, channel, text);
        var found = (await SearchAsync(ann, new { query, channel })).Items("messages");
        found.Should().HaveCount(matches is null ? 0 : 1);
        if (matches is null) return;
        found[0].ShouldBeMessage(channel, 2, 2, ann.User).Text("text").Should().Be(text);
        string.Join(' ', found[0].Items("matches").Select(range => $"{range[0]},{range[1]}")).Should().Be(matches);
    }

    [Theory]
    [InlineData("""{"query":""}""", "invalid")]
    [InlineData("{}", "invalid")]
    [InlineData("""{"query":null}""", "invalid")]
    [InlineData("""{"query":5}""", "invalid")]
    [InlineData("""{"query":" \" * - ! 👍"}""", "invalid")]
    [InlineData("""{"query":"a","channel":"no channel"}""", "invalid")]
    [InlineData("""{"query":"a","sender":" a"}""", "invalid")]
    [InlineData("""{"query":"a","since":"yesterday"}""", "invalid")]
    [InlineData("""{"query":"a","until":5}""", "invalid")]
    [InlineData("""{"query":"a","limit":0}""", "invalid")]
    [InlineData("""{"query":"a","before":"x"}""", "invalid")]
    [InlineData("""{"query":"a","before":"1-2-3-4"}""", "invalid")]
    [InlineData("""{"query":"a","before":7}""", "invalid")]
    [InlineData("""{"query":"a","channel":"none-at-all"}""", "not_found")]
    public async Task Wrong_request_is_refused(string fields, string code)
    {
        var ann = await ConnectAsync();
        (await ann.RequestAsync("search", Frames.Parse(fields))).ShouldBeError(code);
        (await ann.RequestAsync("search", new { query = new string('a', 201) })).ShouldBeError("too_large");
        (await SearchAsync(ann, new { query = new string('q', 200), channel = default(string), sender = default(string), since = default(string) })).Items("messages").Should().BeEmpty();
    }

    [Fact]
    public async Task Only_what_the_user_may_see_is_found()
    {
        var (ann, hidden) = (await ConnectAsync(NewName("ann")), NewName("word"));
        var bob = await ConnectAsync(NewName("bob"));
        var open = await CreateAsync(ann);
        var closed = await CreateAsync(ann, "private");
        await PublishAsync(ann, open, hidden);
        await PublishAsync(ann, closed, hidden);

        (await ChannelsAsync(ann, hidden)).Should().Equal(closed, open);
        (await ChannelsAsync(bob, hidden)).Should().Equal(open);
        (await bob.RequestAsync("search", new { query = hidden, channel = closed })).ShouldBeError("not_found");

        (await ann.RequestAsync("invite", new { channel = closed, user = bob.User })).ShouldBe("ok");
        (await ann.RequestAsync("ban", new { channel = open, user = bob.User })).ShouldBe("ok");
        (await ChannelsAsync(bob, hidden)).Should().Equal(closed);
        (await bob.RequestAsync("search", new { query = hidden, channel = open })).ShouldBeError("forbidden");

        (await ann.RequestAsync("remove", new { channel = closed, user = bob.User })).ShouldBe("ok");
        (await ann.RequestAsync("unban", new { channel = open, user = bob.User })).ShouldBe("ok");
        (await ChannelsAsync(bob, hidden)).Should().Equal(open);
    }

    [Fact]
    public async Task Edit_and_deletion_show_at_once()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel, "first words");
        await PublishAsync(ann, channel, "second words");
        (await ann.RequestAsync("edit", new { channel, sequence = 1, text = "other words" })).ShouldBe("ok");
        (await ann.RequestAsync("delete", new { channel, sequence = 2 })).ShouldBe("ok");

        (await SequencesAsync(ann, new { query = "words", channel })).Should().Equal(1);
        (await SequencesAsync(ann, new { query = "first", channel })).Should().BeEmpty();
        (await SequencesAsync(ann, new { query = "other", channel })).Should().Equal(1);
    }

    [Fact]
    public async Task Sender_and_times_narrow_the_search()
    {
        var (ann, channel) = await WithChannelAsync();
        var bob = await ConnectAsync(NewName("bob"));
        await PublishAsync(ann, channel, "word");
        var published = await PublishAsync(bob, channel, "word");
        var time = published.Text("time");

        (await SequencesAsync(ann, new { query = "word", channel, sender = bob.User })).Should().Equal(2);
        (await SequencesAsync(ann, new { query = "word", channel, since = time })).Should().Contain(2);
        (await SequencesAsync(ann, new { query = "word", channel, until = time })).Should().NotContain(2);
        (await SequencesAsync(ann, new { query = "word", channel, sender = bob.User, since = "2000-01-01T00:00:00Z", until = "2000-01-02T00:00:00Z" })).Should().BeEmpty();
    }

    [Fact]
    public async Task Pages_go_on_while_messages_arrive()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 25);
        var seen = new List<long>();
        string? before = null;
        do
        {
            var page = await SearchAsync(ann, new { query = "text", channel, limit = 10, before });
            page.Items("messages").Count.Should().BeLessThanOrEqualTo(10);
            seen.AddRange(page.Sequences());
            before = page.Flag("more") ? page.Text("next") : null;
            page.TryGetProperty("next", out _).Should().Be(before is not null);
            await PublishAsync(ann, channel, "text more");
        }
        while (before is not null);

        seen.Should().Equal(Enumerable.Range(1, 25).Reverse().Select(number => (long)number));
    }

    [Fact]
    public async Task Page_stays_below_the_size_of_a_message()
    {
        var (ann, channel) = await WithChannelAsync();
        var text = string.Concat(Enumerable.Repeat("語彙 ", 2_600));
        for (var i = 0; i < 60; i++) await PublishAsync(ann, channel, text);
        var seen = new List<long>();
        string? before = null;
        do
        {
            var page = await SearchAsync(ann, new { query = "語", channel, limit = 200, before });
            page.GetRawText().Length.Should().BeLessThan(1_048_576);
            page.Items("messages")[0].Items("matches").Should().HaveCount(100);
            seen.AddRange(page.Sequences());
            before = page.Flag("more") ? page.Text("next") : null;
        }
        while (before is not null);

        seen.Should().Equal(Enumerable.Range(1, 60).Reverse().Select(number => (long)number));
    }

    private static async Task<JsonElement> SearchAsync(RawClient client, object fields) => (await client.RequestAsync("search", fields)).ShouldBe("results");

    private static async Task<IReadOnlyList<long>> SequencesAsync(RawClient client, object fields) => [.. (await SearchAsync(client, fields)).Sequences()];

    private static async Task<IReadOnlyList<string>> ChannelsAsync(RawClient client, string query) =>
        [.. (await SearchAsync(client, new { query })).Items("messages").Select(message => message.Text("channel"))];
}
