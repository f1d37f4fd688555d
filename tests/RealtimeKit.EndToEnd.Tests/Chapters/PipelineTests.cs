using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>Many requests of every kind under way at once: one reply each, in the order of sending within a channel.</summary>
[Collection(nameof(ChaptersCollection))]
public sealed class PipelineTests(QuickStartProcess server) : ProtocolTest(server)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Requests_of_every_kind_are_answered_once_and_in_order_within_their_channel(int seed)
    {
        var random = new Random(seed);
        var ann = await ConnectAsync();
        var ben = await ConnectAsync();
        var channels = new[] { await CreateAsync(ann), await CreateAsync(ann), NewName("none") };
        await SubscribeAsync(ben, channels[0], new { after = 0 });
        var channelOf = new Dictionary<long, string>();
        var sent = new List<long>();
        var waiting = new List<string>();
        for (var n = 0; n < 600; n++)
        {
            var channel = channels[random.Next(channels.Length)];
            var (type, fields) = Any(random, channel);
            waiting.Add(ann.Compose(type, fields, out var id));
            sent.Add(id);
            channelOf[id] = channel;
            if (random.Next(20) > 0) continue;
            await ann.SendAsync(string.Join('\n', waiting));
            waiting.Clear();
        }

        await ann.SendAsync(string.Join('\n', waiting));
        foreach (var id in sent) await ann.ReplyAsync(id);
        await PassAsync(ann);

        var replies = ann.Log.Where(frame => frame.Has("id") && channelOf.ContainsKey(frame.Number("id"))).Select(frame => frame.Number("id")).ToList();
        replies.Should().OnlyHaveUniqueItems().And.HaveCount(600);
        foreach (var channel in channels)
            replies.Where(id => channelOf[id] == channel).Should().BeInAscendingOrder("seed {0}", seed);

        await ShouldHaveSeenAllAsync(ben, ann, channels[0]);
    }

    private static (string Type, object Fields) Any(Random random, string channel)
    {
        var sequence = random.Next(1, 40);
        return random.Next(14) switch
        {
            0 or 1 or 2 => ("publish", new { channel, message = new { id = NewId(), text = "x" } }),
            3 => ("publish", new { channel, message = new { id = "wrong", text = "x" } }),
            4 => ("publish", new { channel, message = new { id = NewId(), text = new string('x', 8001) } }),
            5 => ("publish", new { channel, message = new { id = NewId(), text = "x", replyTo = sequence } }),
            6 => ("edit", new { channel, sequence, text = $"edited {random.Next(3)}" }),
            7 => ("delete", new { channel, sequence }),
            8 => ("react", new { channel, sequence, reaction = "a", remove = random.Next(2) == 0 }),
            9 => ("reactions", new { channel, sequence }),
            10 => ("history", new { channel, limit = 3 }),
            11 => ("read", new { channel, sequence }),
            12 => ("members", new { channel }),
            _ => ("presence", new { channel }),
        };
    }

    /// <summary>What the reader took in, event by event, is what the channel now is.</summary>
    private static async Task ShouldHaveSeenAllAsync(RawClient reader, RawClient writer, string channel)
    {
        var now = (await HistoryAsync(writer, channel, new { after = 0, limit = 200 })).Items("messages");
        var head = await SubscribeAsync(writer, channel);
        var texts = new Dictionary<long, string?>();
        for (var version = 1; version <= head.Number("version"); version++)
        {
            var frame = await NextEventAsync(reader, channel);
            frame.Number("version").Should().Be(version);
            if (frame.Text("kind") == "reacted") continue;
            var message = frame.Field("message");
            message.Number("version").Should().Be(version);
            texts[message.Number("sequence")] = message.Has("text") ? message.Text("text") : null;
        }

        texts.Should().HaveCount((int)head.Number("sequence"));
        foreach (var message in now) texts[message.Number("sequence")].Should().Be(message.Has("text") ? message.Text("text") : null);
    }
}
