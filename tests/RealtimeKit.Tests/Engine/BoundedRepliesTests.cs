using System.Text;
using System.Text.Json;
using FluentAssertions;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>No message grows beyond a message's limits, and no reply beyond one message of the transport.</summary>
public sealed class BoundedRepliesTests
{
    private const int PartBytes = 60_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Edits_together_make_no_message_that_is_larger_than_one_may_be()
    {
        await using var node = await TestNode.StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        await using var eve = await node.ConnectAsync("eve");
        await eve.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "x"), 2);
        (await EditAsync(eve, 3, "a", "data", $"\"{new string('d', PartBytes)}\"")).GetProperty("type").GetString().Should().Be("ok");
        var reply = await EditAsync(eve, 4, "a", "attachments", $"[{{\"x\":\"{new string('a', PartBytes)}\"}}]");
        reply.TryGetProperty("code", out var code).Should().BeTrue("the edit made a message of 120 KB");
        code.GetString().Should().Be("too_large");
        reply.GetProperty("message").GetString().Should().Contain("65536");
        (await PublishOrderTests.ReadAllAsync(node, "a")).Should().ContainSingle().Which.Content.Attachments.Should().BeNull();
    }

    [Fact]
    public async Task A_list_of_channels_with_large_messages_comes_in_several_replies()
    {
        await using var node = await TestNode.StartAsync();
        var names = Enumerable.Range(0, 40).Select(n => $"channel-{n}").ToList();
        foreach (var name in names)
        {
            await node.Messaging.Channels.EnsureAsync(name, owner: "ann", cancellationToken: Cancel);
            await node.Messaging.Messages.SendAsync(name, new OutgoingMessage { Data = JsonValue.Parse($"\"{new string('d', PartBytes)}\"") }, cancellationToken: Cancel);
        }

        await using var raw = node.Transport.Connect("ann");
        await ReplyAsync(raw, """{"type":"connect","id":1}""");
        var seen = new List<string>();
        string? next = null;
        do
        {
            var reply = await ReplyAsync(raw, $$"""{"type":"channels","id":2,"limit":200{{(next is null ? "" : $",\"before\":\"{next}\"")}}}""");
            seen.AddRange(reply.GetProperty("channels").EnumerateArray().Select(channel => channel.GetProperty("channel").GetString()!));
            next = reply.GetProperty("more").GetBoolean() ? reply.GetProperty("next").GetString() : null;
        }
        while (next is not null);
        seen.Should().BeEquivalentTo(names).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Presence_of_a_crowd_comes_in_several_replies()
    {
        const int crowd = 5_500;
        await using var node = await TestNode.StartAsync(configure: options => options.PresenceSignalsUpTo = 0);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: Cancel);
        var names = Enumerable.Range(0, crowd).Select(n => $"{n:D6}{new string('x', 122)}").ToList();
        var clients = new List<InProcessClient>();
        foreach (var name in names)
        {
            var client = node.Transport.Connect(name);
            clients.Add(client);
            await client.SendAsync("""{"type":"connect","id":1}"""u8.ToArray(), Cancel);
            await client.SendAsync("""{"type":"subscribe","id":2,"channel":"a"}"""u8.ToArray(), Cancel);
        }

        foreach (var client in clients)
            while (!Encoding.UTF8.GetString((await client.ReceiveAsync(Cancel))!.Value.Span).Contains("subscribed", StringComparison.Ordinal))
            {
            }

        var seen = new List<string>();
        var more = true;
        while (more)
        {
            var reply = await ReplyAsync(clients[0], $$"""{"type":"presence","id":3,"channel":"a"{{(seen.Count == 0 ? "" : $",\"after\":\"{seen[^1]}\"")}}}""");
            seen.AddRange(reply.GetProperty("users").EnumerateArray().Select(user => user.GetProperty("user").GetString()!));
            more = reply.GetProperty("more").GetBoolean();
        }

        seen.Should().Equal(names);
        foreach (var client in clients) client.Close();
    }

    private static Task<JsonElement> EditAsync(TestClient client, long id, string channel, string part, string value) =>
        client.RequestAsync($$"""{"type":"edit","id":{{id}},"channel":"{{channel}}","sequence":1,"{{part}}":{{value}}}""", id);

    private static async Task<JsonElement> ReplyAsync(InProcessClient client, string request)
    {
        await client.SendAsync(Encoding.UTF8.GetBytes(request), Cancel);
        while (true)
        {
            var message = (await client.ReceiveAsync(Cancel))!.Value;
            message.Length.Should().BeLessThanOrEqualTo(ProtocolConstants.MaxMessageBytes);
            foreach (var line in Encoding.UTF8.GetString(message.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                if (JsonDocument.Parse(line).RootElement is var frame && frame.TryGetProperty("id", out _)) return frame;
        }
    }
}
