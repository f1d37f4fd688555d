using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>What a server that was killed, or asked to stop, owes its clients.</summary>
[Collection(nameof(RestartCollection))]
public sealed class RestartTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Fact]
    public async Task A_restart_after_a_kill_changes_nothing()
    {
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channel = await CreateAsync(ann, "private", ben.User);
        await PublishManyAsync(ann, channel, 5);
        await ann.RequestAsync("edit", new { channel, sequence = 2, text = "edited" });
        await ben.RequestAsync("react", new { channel, sequence = 3, reaction = "a" });
        await ann.RequestAsync("delete", new { channel, sequence = 4 });
        await ben.RequestAsync("read", new { channel, sequence = 3 });
        var direct = (await ann.RequestAsync("create", new { kind = "direct", members = new[] { ben.User } })).ShouldBe("ok").Text("channel");
        var before = await TellAsync(ann, ben, channel);

        await RestartAsync();
        var annAgain = await ConnectAsync(ann.User);
        var benAgain = await ConnectAsync(ben.User);
        var after = await TellAsync(annAgain, benAgain, channel);
        after.Should().Equal(before);
        (await benAgain.RequestAsync("create", new { kind = "direct", members = new[] { ann.User } })).ShouldBe("ok").Text("channel").Should().Be(direct);
        (await (await ConnectAsync()).RequestAsync("history", new { channel })).ShouldBeError("not_found");
        (await PublishAsync(annAgain, channel)).ShouldBe("published").Number("version").Should().Be(9);
    }

    [Fact]
    public async Task A_reader_resumes_across_a_restart_from_its_cursor()
    {
        var (ann, channel) = await WithChannelAsync();
        var ben = await ConnectAsync();
        var epoch = (await SubscribeAsync(ben, channel)).Text("epoch");
        await PublishManyAsync(ann, channel, 3);
        for (var version = 1; version <= 3; version++) await NextEventAsync(ben, channel);

        await RestartAsync();
        (await ben.WaitForCloseAsync()).Should().NotBe(4400);
        var annAgain = await ConnectAsync(ann.User);
        await PublishManyAsync(annAgain, channel, 2);
        await annAgain.RequestAsync("edit", new { channel, sequence = 1, text = "edited" });

        var benAgain = await ConnectAsync(ben.User);
        (await SubscribeAsync(benAgain, channel, new { after = 3, epoch })).Text("epoch").Should().Be(epoch);
        var changes = (await CatchUpAsync(benAgain, channel)).SelectMany(page => page.Items("messages")).ToList();
        changes.Select(message => (message.Number("sequence"), message.Number("version"))).Should().Equal((4, 4), (5, 5), (1, 6));
        await PublishAsync(annAgain, channel);
        (await NextEventAsync(benAgain, channel)).ShouldBeEvent(channel, "posted", 7);
    }

    [Fact]
    public async Task What_was_acknowledged_is_stored_once_and_what_was_not_may_be_sent_again()
    {
        var (ann, channel) = await WithChannelAsync();
        var messages = Enumerable.Range(1, 400).Select(n => new { id = NewId(), text = $"text {n}" }).ToList();
        foreach (var message in messages) await ann.BeginAsync("publish", new { channel, message });
        await ann.WaitForAsync(frame => frame.IsType("published") && frame.Number("sequence") >= 40);
        await RestartAsync();
        await ann.WaitForCloseAsync();
        var acknowledged = ann.Log.Where(frame => frame.IsType("published")).ToDictionary(frame => frame.Text("messageId"), frame => frame.Number("sequence"));

        var again = await ConnectAsync(ann.User);
        var stored = (await HistoryAsync(again, channel, new { limit = 200, after = 0 })).Items("messages");
        stored.Count.Should().BeGreaterThanOrEqualTo(Math.Min(200, acknowledged.Count));
        var replies = await again.BatchAsync([.. messages.Select(message => ("publish", (object?)new { channel, message }))]);
        for (var n = 0; n < messages.Count; n++)
        {
            replies[n].ShouldBe("published").Number("sequence").Should().Be(n + 1, "a retry keeps the order of the first sending");
            if (acknowledged.TryGetValue(messages[n].id, out var sequence))
            {
                replies[n].Number("sequence").Should().Be(sequence);
                replies[n].Flag("duplicate").Should().BeTrue();
            }
        }

        (await SubscribeAsync(again, channel)).Number("sequence").Should().Be(400);
    }

    [Fact]
    public async Task What_is_stored_after_a_kill_is_found_by_the_text_that_it_has()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishManyAsync(ann, channel, 20);
        foreach (var n in Enumerable.Range(1, 600))
        {
            if (n % 3 == 0) await ann.BeginAsync("edit", new { channel, sequence = 1 + (n % 20), text = $"changed {n}" });
            else if (n % 50 == 1) await ann.BeginAsync("delete", new { channel, sequence = n / 50 });
            else await ann.BeginAsync("publish", new { channel, message = new { id = NewId(), text = $"plain {n}" } });
        }

        await ann.WaitForAsync(frame => frame.IsType("published") && frame.Number("sequence") >= 60);
        await RestartAsync();
        var again = await ConnectAsync(ann.User);
        var stored = new List<(long Sequence, string Text)>();
        for (var after = 0L; (await HistoryAsync(again, channel, new { limit = 200, after })).Items("messages") is { Count: > 0 } page; after = stored[^1].Sequence)
            stored.AddRange(page.Select(message => (message.Number("sequence"), message.TryGetProperty("text", out var text) ? text.GetString()! : "")));
        stored.Should().HaveCountGreaterThanOrEqualTo(60);
        foreach (var word in new[] { "plain", "changed", "text" })
        {
            var found = new List<(long Sequence, string Text)>();
            string? before = null;
            do
            {
                var page = (await again.RequestAsync("search", before is null ? new { channel, query = word, limit = 50 } : new { channel, query = word, limit = 50, before })).ShouldBe("results");
                found.AddRange(page.Items("messages").Select(message => (message.Number("sequence"), message.Text("text"))));
                before = page.TryGetProperty("next", out var next) ? next.GetString() : null;
            }
            while (before is not null);
            found.Should().BeEquivalentTo(stored.Where(message => message.Text.Contains(word, StringComparison.Ordinal)), "of {0}", word);
        }
    }

    [Fact]
    public async Task A_stopping_server_says_reconnect_answers_what_it_has_received_and_closes_1001()
    {
        var (ann, channel) = await WithChannelAsync();
        var idle = await ConnectAsync();
        await SubscribeAsync(idle, channel);
        // One message: its first reply shows that the server has received all of it.
        var ids = new List<long>();
        var frames = new List<string>();
        for (var n = 0; n < 50; n++)
        {
            frames.Add(ann.Compose("publish", new { channel, message = new { id = NewId(), text = "x" } }, out var request));
            ids.Add(request);
        }

        await ann.SendAsync(string.Join('\n', frames));
        await ann.ReplyAsync(ids[0]);
        Server.RequestStop();
        foreach (var client in new[] { ann, idle })
        {
            var reconnect = await client.WaitForAsync(frame => frame.IsType("reconnect"));
            reconnect.Number("within").Should().BeGreaterThanOrEqualTo(0);
            reconnect.ShouldLack("id");
            (await client.WaitForCloseAsync(TimeSpan.FromSeconds(35))).Should().Be(1001);
        }

        foreach (var id in ids.Skip(1)) (await ann.ReplyAsync(id)).ShouldBe("published");
        await Server.WaitForExitAsync();
        await Server.StartAsync();
        (await HistoryAsync(await ConnectAsync(ann.User), channel)).Items("messages").Should().HaveCount(50);
    }

    private async Task RestartAsync()
    {
        await Server.KillAsync();
        await Server.StartAsync();
    }

    /// <summary>All that the server tells about a channel, as text to compare.</summary>
    private static async Task<IReadOnlyList<string>> TellAsync(RawClient ann, RawClient ben, string channel)
    {
        var subscribed = await SubscribeAsync(ben, channel, new { after = 0 });
        var told = new List<JsonElement> { await HistoryAsync(ann, channel), await ann.RequestAsync("members", new { channel }), await ben.RequestAsync("channels") };
        told.AddRange(await CatchUpAsync(ben, channel));
        told.Add(await ben.RequestAsync("reactions", new { channel, sequence = 3 }));
        return
        [
            subscribed.Text("epoch"), subscribed.Field("version").GetRawText(), subscribed.Field("sequence").GetRawText(), subscribed.Field("read").GetRawText(),
            .. told.Select(frame => System.Text.RegularExpressions.Regex.Replace(frame.GetRawText(), "\"id\":[0-9]+", "\"id\":0")),
        ];
    }
}
