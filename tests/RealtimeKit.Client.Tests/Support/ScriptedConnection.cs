using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace RealtimeKit.Client.Tests;

/// <summary>A frame of the client.</summary>
internal sealed record ClientFrame(string Type, long Id, JsonElement Json, int Message)
{
    public string Text(string name) => Json.GetProperty(name).GetString()!;

    public long Number(string name) => Json.GetProperty(name).GetInt64();

    public bool Has(string name) => Json.TryGetProperty(name, out _);
}

/// <summary>One connection of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedConnection(WebSocket socket)
{
    private readonly Channel<ClientFrame> _frames = Channel.CreateUnbounded<ClientFrame>();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the client closed, once it did.</summary>
    public Task<WebSocketCloseStatus?> ClientClose => _clientClose.Task;

    /// <summary>What it waits for before it reads on.</summary>
    public Task Reading { get; set; } = Task.CompletedTask;

    private readonly TaskCompletionSource<WebSocketCloseStatus?> _clientClose = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task RunAsync()
    {
        var buffer = new byte[2_000_000];
        var messages = 0;
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult read;
                do
                {
                    await Reading;
                    read = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += read.Count;
                }
                while (!read.EndOfMessage);
                if (read.MessageType == WebSocketMessageType.Close) break;
                messages++;
                foreach (var line in Encoding.UTF8.GetString(buffer, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    var json = JsonDocument.Parse(line).RootElement;
                    _frames.Writer.TryWrite(new ClientFrame(
                        json.GetProperty("type").GetString()!, json.TryGetProperty("id", out var id) ? id.GetInt64() : 0, json, messages));
                }
            }

            _clientClose.TrySetResult(socket.CloseStatus);
            if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            _clientClose.TrySetResult(null);
        }

        _frames.Writer.TryComplete();
        _over.TrySetResult();
    }

    public async Task<ClientFrame> ReadAsync(string type)
    {
        var frame = await _frames.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().InTime();
        frame.Type.Should().Be(type, "this frame is next: {0}", frame.Json);
        return frame;
    }

    /// <summary>Whether a frame has come that was not read yet.</summary>
    public bool HasFrame => _frames.Reader.TryPeek(out _);

    public Task SendAsync(params string[] frames) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(string.Join('\n', frames)), WebSocketMessageType.Text, true, CancellationToken.None);

    public Task PublishedAsync(ClientFrame publish, long sequence) => SendAsync(
        $$"""{"type":"published","id":{{publish.Id}},"channel":"{{publish.Text("channel")}}","messageId":"{{publish.Json.GetProperty("message").GetProperty("id")}}","sequence":{{sequence}},"version":{{sequence}},"time":"2026-01-01T00:00:00.000Z","duplicate":false}""");

    public Task ErrorAsync(long id, string code, long? retryAfter = null) => SendAsync(
        $$"""{"type":"error","id":{{id}},"code":"{{code}}","message":"m"{{(retryAfter is { } ms ? $",\"retryAfter\":{ms}" : "")}}}""");

    public Task SubscribedAsync(long id, long version = 0, long sequence = 0, string epoch = "e1", string channel = "lobby") => SendAsync(
        $$"""{"type":"subscribed","id":{{id}},"channel":"{{channel}}","epoch":"{{epoch}}","version":{{version}},"sequence":{{sequence}},"read":0}""");

    public static string Message(long sequence, long version, string text = "t") =>
        $$"""{"id":"00000000-0000-7000-8000-{{sequence:d12}}","channel":"lobby","sequence":{{sequence}},"version":{{version}},"sender":"ada","time":"2026-01-01T00:00:00.000Z","text":"{{text}}"}""";

    public static string Posted(long sequence, long version) =>
        $$"""{"type":"event","channel":"lobby","version":{{version}},"kind":"posted","message":{{Message(sequence, version)}}}""";

    public static string Changes(long version, bool more, params string[] messages) =>
        $$"""{"type":"changes","channel":"lobby","messages":[{{string.Join(',', messages)}}],"version":{{version}},"more":{{(more ? "true" : "false")}}}""";

    /// <summary>Ends when the client has taken all that was sent; it must have had nothing to say to it.</summary>
    public async Task SettledAsync()
    {
        await SendAsync("""{"type":"ping"}""");
        await ReadAsync("pong");
    }

    public async Task CloseAsync(int code)
    {
        await socket.CloseOutputAsync((WebSocketCloseStatus)code, "test", CancellationToken.None);
        await _over.Task.InTime();
    }

    /// <summary>Ends it as a lost network does.</summary>
    public async Task CutAsync()
    {
        socket.Abort();
        await _over.Task.InTime();
    }
}
