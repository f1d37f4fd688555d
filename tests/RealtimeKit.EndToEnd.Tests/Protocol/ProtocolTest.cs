using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>What the chapters share: users who have just signed in, fresh channels, and the few requests every test makes.</summary>
public abstract class ProtocolTest(ServerProcess server) : IAsyncLifetime
{
    private readonly List<RawClient> _clients = [];

    protected ServerProcess Server { get; } = server;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static string NewName(string stem) => $"{stem}-{Guid.NewGuid().ToString("N")[..12]}";

    protected static string NewId() => Guid.CreateVersion7().ToString();

    /// <summary>A socket of a signed-in user that has not sent `connect`.</summary>
    protected async Task<RawClient> OpenAsync(string? name = null, string[]? subprotocols = null, string? origin = null) =>
        Track(await RawClient.OpenAsync(Server.Endpoint, await Server.SignInAsync(name ?? NewName("user")), subprotocols, origin));

    /// <summary>A socket of nobody.</summary>
    protected async Task<RawClient> OpenAnonymousAsync() => Track(await RawClient.OpenAsync(Server.Endpoint));

    /// <summary>A connected user; a name given before is the same user on another connection.</summary>
    protected async Task<RawClient> ConnectAsync(string? name = null)
    {
        var client = await OpenAsync(name);
        await client.ConnectAsync();
        return client;
    }

    /// <summary>A fresh channel made by this user.</summary>
    protected static async Task<string> CreateAsync(RawClient owner, string kind = "public", params string[] members)
    {
        var channel = NewName(kind);
        var reply = await owner.RequestAsync("create", new { channel, kind, members });
        reply.ShouldBe("ok").Text("channel").Should().Be(channel);
        return channel;
    }

    /// <summary>A connected user and a fresh public channel of theirs.</summary>
    protected async Task<(RawClient Client, string Channel)> WithChannelAsync(string stem = "ann")
    {
        var client = await ConnectAsync(NewName(stem));
        return (client, await CreateAsync(client));
    }

    protected static async Task<JsonElement> PublishAsync(RawClient client, string channel, string text = "hello", string? id = null) =>
        (await client.RequestAsync("publish", new { channel, message = new { id = id ?? NewId(), text } })).ShouldBe("published");

    /// <summary>Publishes `text 1` … `text count` at once and returns their replies.</summary>
    protected static async Task<IReadOnlyList<JsonElement>> PublishManyAsync(RawClient client, string channel, int count)
    {
        var requests = Enumerable.Range(1, count)
            .Select(n => ("publish", (object?)new { channel, message = new { id = NewId(), text = $"text {n}" } }))
            .ToArray();
        var replies = await client.BatchAsync(requests);
        foreach (var reply in replies) reply.ShouldBe("published");
        return replies;
    }

    /// <summary>Publishes a message given as raw JSON fields beside its id.</summary>
    protected static Task<JsonElement> PublishRawAsync(RawClient client, string channel, string id, string fields)
    {
        var frame = client.Compose("publish", new { channel }, out var request);
        return SendRawAsync(client, frame[..^1] + ",\"message\":{\"id\":\"" + id + "\"," + fields + "}}", request);
    }

    /// <summary>A request whose fields are raw JSON text, so that the form of numbers and strings is what the test says.</summary>
    protected static Task<JsonElement> RequestRawAsync(RawClient client, string type, string fields)
    {
        var frame = client.Compose(type, null, out var request);
        return SendRawAsync(client, frame[..^1] + (fields.Length == 0 ? "" : ",") + fields + "}", request);
    }

    /// <summary>Subscribes with these fields beside the channel and expects `subscribed`.</summary>
    protected static async Task<JsonElement> SubscribeAsync(RawClient client, string channel, object? fields = null)
    {
        var all = JsonSerializer.SerializeToNode(fields)?.AsObject() ?? [];
        all["channel"] = channel;
        return (await client.RequestAsync("subscribe", all)).ShouldBe("subscribed");
    }

    /// <summary>The pages of a catch-up, up to the one that says `more: false`.</summary>
    protected static async Task<IReadOnlyList<JsonElement>> CatchUpAsync(RawClient client, string channel)
    {
        var pages = new List<JsonElement>();
        do pages.Add(await client.WaitForAsync(frame => frame.IsType("changes") && frame.Text("channel") == channel));
        while (pages[^1].Flag("more"));
        return pages;
    }

    protected static Task<JsonElement> NextEventAsync(RawClient client, string channel) =>
        client.WaitForAsync(frame => frame.IsType("event") && frame.Text("channel") == channel);

    protected static Task<JsonElement> NextSignalAsync(RawClient client, string channel, string name) =>
        client.WaitForAsync(frame => frame.IsType("signal") && frame.Text("channel") == channel && frame.Text("name") == name);

    /// <summary>The channel's history, newest page unless the fields say otherwise.</summary>
    protected static async Task<JsonElement> HistoryAsync(RawClient client, string channel, object? fields = null)
    {
        JsonObject all = JsonSerializer.SerializeToNode(fields)?.AsObject() ?? [];
        all["channel"] = channel;
        return (await client.RequestAsync("history", all)).ShouldBe("history");
    }

    /// <summary>One message as history tells it.</summary>
    protected static async Task<JsonElement> MessageAsync(RawClient client, string channel, long sequence)
    {
        var page = await HistoryAsync(client, channel, new { after = sequence - 1, limit = 1 });
        return page.Items("messages").Should().ContainSingle().Subject;
    }

    /// <summary>Whatever the server still had to say before this point has been said: a request and its reply have passed.</summary>
    protected static async Task PassAsync(RawClient client) => (await client.RequestAsync("ping")).ShouldBe("ok");

    protected RawClient Track(RawClient client)
    {
        lock (_clients) _clients.Add(client);
        return client;
    }

    private static async Task<JsonElement> SendRawAsync(RawClient client, string frame, long id)
    {
        await client.SendAsync(frame);
        return await client.ReplyAsync(id);
    }
}
