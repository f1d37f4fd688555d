using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>The limits of texts, names, lists, pages and subscriptions.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class LimitTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Theory]
    [InlineData("a", 8000, true)]
    [InlineData("a", 8001, false)]
    [InlineData("é", 8000, true)]
    [InlineData("é", 8001, false)]
    [InlineData("😀", 4000, true)]
    [InlineData("😀", 4001, false)]
    public async Task A_text_has_at_most_8000_UTF_16_units(string character, int count, bool fits)
    {
        var (ann, channel) = await WithChannelAsync();
        var text = string.Concat(Enumerable.Repeat(character, count));
        var published = await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text } });
        if (fits) published.ShouldBe("published");
        else published.ShouldBeError("too_large");

        var sequence = (await PublishAsync(ann, channel, "short")).Number("sequence");
        var edited = await ann.RequestAsync("edit", new { channel, sequence, text });
        if (fits) edited.ShouldBe("ok");
        else edited.ShouldBeError("too_large");
        (await MessageAsync(ann, channel, sequence)).Text("text").Should().Be(fits ? text : "short");
    }

    [Theory]
    [InlineData("r", 64, true)]
    [InlineData("r", 65, false)]
    [InlineData("😀", 32, true)]
    [InlineData("😀", 33, false)]
    public async Task Names_and_reactions_have_at_most_64_units(string character, int count, bool fits)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        var word = string.Concat(Enumerable.Repeat(character, count));
        foreach (var reply in new[]
        {
            await ann.RequestAsync("react", new { channel, sequence = 1, reaction = word }),
            await ann.RequestAsync("signal", new { channel, name = word }),
            await ann.RequestAsync("create", new { channel = NewName("c"), kind = "public", name = word }),
        })
        {
            if (fits) reply.ShouldBe("ok");
            else reply.ShouldBeError("invalid", "too_large");
        }
    }

    [Fact]
    public async Task An_empty_reaction_or_signal_name_is_invalid()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "" })).ShouldBeError("invalid");
        (await ann.RequestAsync("signal", new { channel, name = "" })).ShouldBeError("invalid");
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(51, false)]
    public async Task A_message_mentions_at_most_50_users(int count, bool fits)
    {
        var (ann, channel) = await WithChannelAsync();
        var mentions = Enumerable.Range(1, count).Select(n => $"user-{n}").ToArray();
        var published = await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x", mentions } });
        await PublishAsync(ann, channel);
        var edited = await ann.RequestAsync("edit", new { channel, sequence = fits ? 2 : 1, mentions });
        if (fits)
        {
            published.ShouldBe("published");
            edited.ShouldBe("ok");
            (await MessageAsync(ann, channel, 1)).Texts("mentions").Should().Equal(mentions);
        }
        else
        {
            published.ShouldBeError("invalid");
            edited.ShouldBeError("invalid");
        }
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public async Task A_message_has_at_most_10_attachments(int count, bool fits)
    {
        var (ann, channel) = await WithChannelAsync();
        var attachments = Enumerable.Range(1, count).Select(n => new { url = $"https://example.org/{n}" }).ToArray();
        var published = await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), attachments } });
        await PublishAsync(ann, channel);
        var edited = await ann.RequestAsync("edit", new { channel, sequence = fits ? 2 : 1, attachments });
        if (fits)
        {
            published.ShouldBe("published");
            edited.ShouldBe("ok");
            (await MessageAsync(ann, channel, 1)).Items("attachments").Select(a => a.Text("url")).Should().Equal(attachments.Select(a => a.url));
        }
        else
        {
            published.ShouldBeError("invalid");
            edited.ShouldBeError("invalid");
        }
    }

    [Fact]
    public async Task Limit_and_recent_default_to_50_and_are_cut_at_200()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 205);

        (await HistoryAsync(ann, channel)).Sequences().Should().Equal(Range(156, 205));
        var cut = await HistoryAsync(ann, channel, new { limit = 1000 });
        cut.Sequences().Should().Equal(Range(6, 205));
        cut.Flag("more").Should().BeTrue();
        (await HistoryAsync(ann, channel, new { limit = 200 })).Sequences().Should().Equal(Range(6, 205));
        (await HistoryAsync(ann, channel, new { limit = 9007199254740991 })).Sequences().Should().Equal(Range(6, 205));

        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel, new { recent = 300 });
        (await CatchUpAsync(ben, channel)).SelectMany(page => page.Sequences()).Should().Equal(Range(6, 205));
    }

    [Fact]
    public async Task A_connection_has_at_most_as_many_channels_as_connected_told()
    {
        var ann = await OpenAsync();
        var limit = (await ann.ConnectAsync()).Field("limits").Number("channels");
        limit.Should().BePositive();
        var stem = NewName("many");
        var channels = Enumerable.Range(0, (int)limit + 1).Select(n => $"{stem}.{n}").ToList();
        foreach (var part in channels.Chunk(100))
        {
            foreach (var reply in await ann.BatchAsync([.. part.Select(channel => ("create", (object?)new { channel, kind = "public" }))])) reply.ShouldBe("ok");
        }

        foreach (var part in channels.Take((int)limit).Chunk(100))
        {
            foreach (var reply in await ann.BatchAsync([.. part.Select(channel => ("subscribe", (object?)new { channel }))])) reply.ShouldBe("subscribed");
        }

        (await ann.RequestAsync("subscribe", new { channel = channels[^1] })).ShouldBeError("too_many");
        (await ann.RequestAsync("subscribe", new { channel = channels[0] })).ShouldBe("subscribed");
        (await ann.RequestAsync("unsubscribe", new { channel = channels[0] })).ShouldBe("ok");
        (await ann.RequestAsync("subscribe", new { channel = channels[^1] })).ShouldBe("subscribed");
    }

    private static IEnumerable<long> Range(int first, int last) => Enumerable.Range(first, last - first + 1).Select(n => (long)n);
}
