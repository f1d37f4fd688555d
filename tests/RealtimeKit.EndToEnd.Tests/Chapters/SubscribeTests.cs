using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>`subscribe` and `unsubscribe`: the reply, live events, subscribing again.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class SubscribeTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task Subscribed_tells_where_the_channel_stands()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 2);
        await ann.RequestAsync("edit", new { channel, sequence = 1, text = "edited" });
        var ben = await ConnectAsync();
        var subscribed = await SubscribeAsync(ben, channel);
        subscribed.Text("channel").Should().Be(channel);
        subscribed.Text("epoch").Should().NotBeEmpty();
        subscribed.Number("version").Should().Be(3);
        subscribed.Number("sequence").Should().Be(2);
        subscribed.Number("read").Should().Be(0);
        subscribed.ShouldLack("role");
        (await SubscribeAsync(ann, channel)).Text("role").Should().Be("owner");
        (await SubscribeAsync(ann, channel)).Text("epoch").Should().Be(subscribed.Text("epoch"));
    }

    [Fact]
    public async Task Each_channel_has_an_epoch_of_its_own()
    {
        var (ann, first) = await WithChannelAsync();
        var second = await CreateAsync(ann);
        (await SubscribeAsync(ann, first)).Text("epoch").Should().NotBe((await SubscribeAsync(ann, second)).Text("epoch"));
    }

    [Fact]
    public async Task With_neither_after_nor_recent_the_cursor_is_the_present_version()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 3);
        var ben = await ConnectAsync();
        (await SubscribeAsync(ben, channel)).Number("version").Should().Be(3);
        await PublishAsync(ann, channel);
        (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, "posted", 4);
        ben.Log.Where(frame => frame.IsType("changes")).SelectMany(frame => frame.Sequences()).Should().BeEmpty();
    }

    [Fact]
    public async Task Live_events_rise_by_one_whatever_they_are()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        await ann.BatchAsync(
            ("publish", new { channel, message = new { id = NewId(), text = "1" } }),
            ("publish", new { channel, message = new { id = NewId(), text = "2" } }),
            ("react", new { channel, sequence = 1, reaction = "a" }),
            ("edit", new { channel, sequence = 2, text = "two" }),
            ("react", new { channel, sequence = 1, reaction = "a", remove = true }),
            ("delete", new { channel, sequence = 1 }),
            ("publish", new { channel, message = new { id = NewId(), text = "3" } }));
        var version = 0L;
        foreach (var kind in new[] { "posted", "posted", "reacted", "edited", "reacted", "deleted", "posted" })
            (await NextEventAsync(ben, channel)).ShouldBeEvent(channel, kind, ++version);
    }

    [Fact]
    public async Task Concurrent_writers_are_seen_by_every_reader_in_one_order_without_gap()
    {
        var (ann, channel) = await WithChannelAsync();
        var all = new List<RawClient> { ann };
        for (var n = 0; n < 3; n++) all.Add(await ConnectAsync());
        foreach (var client in all) await SubscribeAsync(client, channel);
        await Task.WhenAll(all.Select(client => PublishManyAsync(client, channel, 50)));
        var orders = new List<List<string>>();
        foreach (var client in all)
        {
            var order = new List<string>();
            for (var version = 1; version <= 200; version++)
            {
                var message = (await NextEventAsync(client, channel)).ShouldBeEvent(channel, "posted", version).Field("message");
                message.Number("sequence").Should().Be(version);
                order.Add(message.Text("id"));
            }

            orders.Add(order);
        }

        orders.Should().OnlyContain(order => order.SequenceEqual(orders[0]));
        foreach (var client in all)
        {
            var own = (await HistoryAsync(ann, channel, new { limit = 200 })).Items("messages").Where(message => message.Text("sender") == client.User);
            own.Select(message => message.Text("text")).Should().Equal(Enumerable.Range(1, 50).Select(n => $"text {n}"));
        }
    }

    [Fact]
    public async Task Subscribing_again_replaces_the_first_so_that_nothing_comes_twice()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        await PublishManyAsync(ann, channel, 2);
        for (var version = 1; version <= 2; version++) (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", version);
        await SubscribeAsync(ann, channel, new { after = 0 });
        (await CatchUpAsync(ann, channel)).SelectMany(page => page.Sequences()).Should().Equal(1, 2);
        await PublishManyAsync(ann, channel, 2);
        for (var version = 3; version <= 4; version++) (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", version);
        await PassAsync(ann);
        ann.Inbox.Should().NotContain(frame => frame.IsType("event"));
    }

    [Theory]
    [InlineData("""{"after":100}""", "conflict")]
    [InlineData("""{"after":0,"epoch":"another"}""", "conflict")]
    [InlineData("""{"after":-1}""", "invalid")]
    [InlineData("""{"recent":0}""", "invalid")]
    public async Task A_failed_second_subscribe_keeps_the_first(string fields, string code)
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        await PublishAsync(ann, channel);
        var again = System.Text.Json.Nodes.JsonNode.Parse(fields)!.AsObject();
        again["channel"] = channel;
        (await ann.RequestAsync("subscribe", again)).ShouldBeError(code);
        await PublishAsync(ann, channel);
        for (var version = 1; version <= 2; version++) (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "posted", version);
        await PassAsync(ann);
        ann.Inbox.Should().BeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"channel\":5")]
    [InlineData("\"channel\":\"lobby\",\"epoch\":5,\"after\":0")]
    [InlineData("\"channel\":\"lobby\",\"after\":\"0\"")]
    [InlineData("\"channel\":\"lobby\",\"recent\":true")]
    public async Task A_subscribe_of_wrong_form_is_invalid(string fields)
    {
        var ann = await ConnectAsync();
        (await RequestRawAsync(ann, "subscribe", fields)).ShouldBeError("invalid");
    }

    [Fact]
    public async Task A_channel_that_does_not_exist_is_not_found_and_nothing_makes_it()
    {
        var ann = await ConnectAsync();
        var channel = NewName("none");
        for (var n = 0; n < 2; n++) (await ann.RequestAsync("subscribe", new { channel })).ShouldBeError("not_found");
        (await ann.RequestAsync("publish", new { channel, message = new { id = NewId(), text = "x" } })).ShouldBeError("not_found");
    }

    [Theory]
    [InlineData("lobby")]
    [InlineData("random")]
    [InlineData("help")]
    public async Task The_public_channels_of_the_sample_are_there(string channel)
    {
        var ann = await ConnectAsync();
        (await SubscribeAsync(ann, channel)).Text("channel").Should().Be(channel);
    }

    [Fact]
    public async Task Unsubscribe_ends_the_events_of_that_channel_only()
    {
        var (ann, left) = await WithChannelAsync();
        var kept = await CreateAsync(ann);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, left);
        await SubscribeAsync(ben, kept);
        (await ben.RequestAsync("unsubscribe", new { channel = left })).ShouldBe("ok");
        await PublishAsync(ann, left);
        await PublishAsync(ann, kept);
        (await NextEventAsync(ben, kept)).ShouldBeEvent(kept, "posted", 1);
        await PassAsync(ben);
        ben.Inbox.Should().NotContain(frame => frame.IsType("event"));

        (await SubscribeAsync(ben, left)).Number("version").Should().Be(1);
        await PublishAsync(ann, left);
        (await NextEventAsync(ben, left)).ShouldBeEvent(left, "posted", 2);
    }

    [Fact]
    public async Task Unsubscribe_is_ok_for_any_well_formed_name_and_invalid_for_others()
    {
        var (ann, channel) = await WithChannelAsync();
        (await ann.RequestAsync("unsubscribe", new { channel })).ShouldBe("ok");
        (await ann.RequestAsync("unsubscribe", new { channel = NewName("none") })).ShouldBe("ok");
        (await ann.RequestAsync("unsubscribe", new { channel = "a b" })).ShouldBeError("invalid");
        (await ann.RequestAsync("unsubscribe")).ShouldBeError("invalid");
    }
}
