using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`changes`: what a subscriber missed, and how it goes over into live events.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class CatchUpTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task After_a_version_every_later_change_comes_compacted_in_the_order_of_versions()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 5);                                              // 1 to 5
        await ann.RequestAsync("edit", new { channel, sequence = 1, text = "first edit" });   // 6
        await ann.RequestAsync("react", new { channel, sequence = 3, reaction = "a" });       // 7
        await ann.RequestAsync("delete", new { channel, sequence = 4 });                      // 8
        await ann.RequestAsync("edit", new { channel, sequence = 1, text = "second edit" });  // 9
        var ben = await ConnectAsync();

        var epoch = (await SubscribeAsync(ben, channel, new { after = 0 })).Text("epoch");
        var pages = await CatchUpAsync(ben, channel);
        var messages = pages.SelectMany(page => page.Items("messages")).ToList();
        messages.Select(message => (message.Number("sequence"), message.Number("version"))).Should().Equal((2, 2), (5, 5), (3, 7), (4, 8), (1, 9));
        foreach (var message in messages) message.ShouldBeMessage(channel, message.Number("sequence"), message.Number("version"), ann.User);
        messages[2].Field("reactions").Field("a").Number("count").Should().Be(1);
        messages[3].Has("deletedAt").Should().BeTrue();
        messages[4].Text("text").Should().Be("second edit");
        pages[^1].Number("version").Should().Be(9);

        foreach (var (after, expected) in new[] { (2L, "5 3 4 1"), (6, "3 4 1"), (8, "1"), (9, "") })
        {
            (await SubscribeAsync(ben, channel, new { after, epoch })).Number("version").Should().Be(9);
            var later = await CatchUpAsync(ben, channel);
            string.Join(' ', later.SelectMany(page => page.Sequences())).Should().Be(expected);
            later[^1].Number("version").Should().Be(9);
            later[^1].Flag("more").Should().BeFalse();
        }
    }

    [Fact]
    public async Task After_the_present_version_there_is_one_empty_page()
    {
        var (ann, channel) = await WithChannelAsync();
        foreach (var from in new[] { """{"after":0}""", """{"recent":10}""" })
        {
            await SubscribeAsync(ann, channel, Frames.Parse(from));
            var page = (await CatchUpAsync(ann, channel)).Should().ContainSingle().Subject;
            page.Items("messages").Should().BeEmpty();
            page.Number("version").Should().Be(0);
        }
    }

    [Fact]
    public async Task Live_events_follow_the_catch_up_without_gap_and_none_comes_in_between()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 20);
        var ben = await ConnectAsync();
        for (var round = 0; round < 5; round++)
        {
            var writing = PublishManyAsync(ann, channel, 40);
            var seen = new Dictionary<long, long>();
            var mark = ben.Log.Count;
            await SubscribeAsync(ben, channel, new { after = 0 });
            await writing;
            var last = (await PublishAsync(ann, channel, "last")).Number("version");
            await ben.WaitForAsync(frame => (frame.IsType("event") || frame.IsType("changes")) && frame.Number("version") == last);

            var stream = ben.Log.Skip(mark).SkipWhile(frame => !frame.IsType("subscribed")).ToList();
            long cursor = 0;
            var level = false;
            foreach (var frame in stream.Skip(1))
            {
                if (frame.IsType("changes"))
                {
                    foreach (var message in frame.Items("messages")) seen.TryAdd(message.Number("sequence"), message.Number("version")).Should().BeTrue();
                    frame.Number("version").Should().BeGreaterThanOrEqualTo(cursor);
                    cursor = frame.Number("version");
                    level = !frame.Flag("more");
                }
                else if (frame.IsType("event"))
                {
                    level.Should().BeTrue("no event comes before the last page");
                    frame.Number("version").Should().Be(++cursor);
                    seen.TryAdd(frame.Field("message").Number("sequence"), cursor).Should().BeTrue("each message comes once");
                }
            }

            cursor.Should().Be(last);
            seen.Keys.Should().BeEquivalentTo(Enumerable.Range(1, (int)last).Select(n => (long)n));
            (await ben.RequestAsync("unsubscribe", new { channel })).ShouldBe("ok");
        }
    }

    [Theory]
    [InlineData(1, "5")]
    [InlineData(3, "3 4 5")]
    [InlineData(5, "1 2 3 4 5")]
    [InlineData(50, "1 2 3 4 5")]
    public async Task Recent_brings_the_last_messages_in_the_order_of_their_sequence(int recent, string expected)
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 5);
        await ann.RequestAsync("edit", new { channel, sequence = 3, text = "edited" });
        await ann.RequestAsync("delete", new { channel, sequence = 4 });
        var ben = await ConnectAsync();
        var subscribed = await SubscribeAsync(ben, channel, new { recent });
        var pages = await CatchUpAsync(ben, channel);
        string.Join(' ', pages.SelectMany(page => page.Sequences())).Should().Be(expected);
        pages[^1].Number("version").Should().Be(7).And.BeGreaterThanOrEqualTo(subscribed.Number("version"));
        await PublishAsync(ann, channel);
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", 8);
    }

    [Fact]
    public async Task Subscribed_comes_first_then_the_pages()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 3);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel, new { recent = 3 });
        await CatchUpAsync(ben, channel);
        ben.Log.Select(frame => frame.Text("type")).Should().Equal("connected", "subscribed", "changes");
    }

    [Fact]
    public async Task After_wins_over_recent()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 4);
        await SubscribeAsync(ann, channel, new { after = 1, recent = 1 });
        (await CatchUpAsync(ann, channel)).SelectMany(page => page.Sequences()).Should().Equal(2, 3, 4);
        (await ann.RequestAsync("subscribe", new { channel, after = 100, recent = 1 })).ShouldBeError("conflict");
    }

    [Fact]
    public async Task Epoch_alone_is_ignored()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 2);
        (await SubscribeAsync(ann, channel, new { epoch = "another" })).Number("version").Should().Be(2);
        await SubscribeAsync(ann, channel, new { epoch = "another", recent = 1 });
        (await CatchUpAsync(ann, channel)).SelectMany(page => page.Sequences()).Should().Equal(2);
    }

    [Fact]
    public async Task Another_epoch_or_a_version_above_the_channels_is_a_conflict()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 2);
        var epoch = (await SubscribeAsync(ann, channel)).Text("epoch");
        (await ann.RequestAsync("unsubscribe", new { channel })).ShouldBe("ok");
        (await ann.RequestAsync("subscribe", new { channel, after = 1, epoch = epoch + "x" })).ShouldBeError("conflict");
        (await ann.RequestAsync("subscribe", new { channel, after = 0, epoch = "" })).ShouldBeError("conflict", "invalid");
        (await ann.RequestAsync("subscribe", new { channel, after = 3, epoch })).ShouldBeError("conflict");
        (await ann.RequestAsync("subscribe", new { channel, after = 9007199254740991, epoch })).ShouldBeError("conflict");
        (await ann.RequestAsync("subscribe", new { channel, after = 2, epoch })).ShouldBe("subscribed");

        // None of the failures left a subscription behind that would tell the next message twice.
        await PublishAsync(ann, channel);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", 3);
        await PassAsync(ann);
        ann.Inbox.Where(frame => frame.IsType("event")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_reader_that_was_away_resumes_from_its_cursor()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        var epoch = (await SubscribeAsync(ben, channel, new { after = 0 })).Text("epoch");
        await CatchUpAsync(ben, channel);
        await PublishManyAsync(ann, channel, 3);
        for (var version = 1; version <= 3; version++) await NextEventAsync(ben, channel);
        await ben.DisposeAsync();

        await PublishManyAsync(ann, channel, 2);
        await ann.RequestAsync("delete", new { channel, sequence = 2 });
        var again = await ConnectAsync(ben.User);
        (await SubscribeAsync(again, channel, new { after = 3, epoch })).Text("epoch").Should().Be(epoch);
        var messages = (await CatchUpAsync(again, channel)).SelectMany(page => page.Items("messages")).ToList();
        messages.Select(message => (message.Number("sequence"), message.Number("version"))).Should().Equal((4, 4), (5, 5), (2, 6));
    }

    [Fact]
    public async Task A_reader_that_reads_too_slowly_still_has_every_message_once_and_in_order()
    {
        // 400 messages of some 40 kB are more than the kernel and the server hold for one who does not read.
        var (ann, channel) = await WithChannelAsync();
        using var slow = new SlowReader(await Server.SignInAsync(NewName("slow")), Server.Endpoint);
        await slow.SubscribeAsync(channel);
        for (var n = 0; n < 400; n++)
        {
            (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), data = new string('d', 40_000) } }))
                .ShouldBe("published").Number("version").Should().Be(n + 1);
        }

        long cursor = 0;
        var sequences = new List<long>();
        while (cursor < 400)
        {
            JsonElement frame = await slow.NextAsync();
            if (frame.IsType("event"))
            {
                frame.ShouldBeEvent(channel, "posted", cursor + 1);
                sequences.Add(frame.Field("message").Number("sequence"));
                cursor++;
            }
            else if (frame.IsType("changes"))
            {
                sequences.AddRange(frame.Sequences());
                cursor = frame.Number("version");
            }
        }

        sequences.Should().Equal(Enumerable.Range(1, 400).Select(n => (long)n));
    }
}
