using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>A store that is out of reach: nothing is acknowledged, nothing is reordered, and a retry mends it.</summary>
[Collection(nameof(UnavailableCollection))]
public sealed class UnavailableTests : ProtocolTest
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(60);

    private readonly string _database;

    public UnavailableTests(QuickStartProcess server)
        : base(server) => (_database, server.MayComplain) = (server.Database, true);

    [Fact]
    public async Task While_the_store_is_out_of_reach_every_publish_is_refused_and_a_retry_keeps_the_order()
    {
        var (ann, channel) = await WithChannelAsync();
        var stored = new { id = NewId(), text = "stored before" };
        (await ann.RequestAsync("publish", new { channel, message = stored })).ShouldBe("published");
        var messages = Enumerable.Range(1, 30).Select(n => new { id = NewId(), text = $"text {n}" }).ToList();

        using (StoreLock.Take(_database))
        {
            // A retry of what is stored already stands between new ones: it is refused with them.
            var refused = await SendAsync(ann, channel, [.. messages.Take(10), stored, .. messages.Skip(10)]);
            foreach (var reply in refused) reply.ShouldBeError("unavailable");
            ann.Log.Where(frame => frame.IsType("error")).Select(frame => frame.Number("id")).Should().BeInAscendingOrder();
            (await HistoryAsync(ann, channel)).Sequences().Should().Equal([1], "reading goes on");
        }

        var replies = await SendAsync(ann, channel, [.. messages.Take(10), stored, .. messages.Skip(10)]);
        replies[10].ShouldBe("published").Flag("duplicate").Should().BeTrue();
        replies.Where((_, n) => n != 10).Select(reply => reply.ShouldBe("published").Number("sequence")).Should().Equal(Enumerable.Range(2, 30).Select(n => (long)n));
        (await HistoryAsync(ann, channel, new { after = 1 })).Items("messages").Select(message => message.Text("text")).Should().Equal(messages.Select(message => message.text));
    }

    [Fact]
    public async Task Other_changes_are_refused_too_and_subscribers_see_nothing_that_was_not_stored()
    {
        var (ann, channel) = await WithChannelAsync();
        await PublishAsync(ann, channel);
        await SubscribeAsync(ann, channel);
        using (StoreLock.Take(_database))
        {
            var ids = new List<long>
            {
                await ann.BeginAsync("edit", new { channel, sequence = 1, text = "edited" }),
                await ann.BeginAsync("react", new { channel, sequence = 1, reaction = "a" }),
                await ann.BeginAsync("delete", new { channel, sequence = 1 }),
            };
            foreach (var id in ids) (await ReplyAsync(ann, id)).ShouldBeError("unavailable");
        }

        (await ann.RequestAsync("react", new { channel, sequence = 1, reaction = "b" })).ShouldBe("ok").Number("version").Should().Be(2);
        (await NextEventAsync(ann, channel)).ShouldBeEvent(channel, "reacted", 2);
        (await MessageAsync(ann, channel, 1)).ShouldBeMessage(channel, 1, 2, ann.User).Text("text").Should().Be("hello");
    }

    private static async Task<IReadOnlyList<JsonElement>> SendAsync(RawClient client, string channel, IReadOnlyList<object> messages)
    {
        var ids = new List<long>();
        var frames = new List<string>();
        foreach (var message in messages)
        {
            frames.Add(client.Compose("publish", new { channel, message }, out var id));
            ids.Add(id);
        }

        await client.SendAsync(string.Join('\n', frames));
        var replies = new List<JsonElement>();
        foreach (var id in ids) replies.Add(await ReplyAsync(client, id));
        return replies;
    }

    private static Task<JsonElement> ReplyAsync(RawClient client, long id) =>
        client.WaitForAsync(frame => frame.Has("id") && frame.Number("id") == id, LockPatience, $"reply to {id}");
}
