using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>
/// For orientation: the least that the protocol asks of <c>System.Net.WebSockets</c>. It numbers, encodes once and joins
/// frames into one write, and does nothing else: no user, no rights, no history, no bounds. What a server costs more than this, it
/// costs for what it does.
/// </summary>
internal sealed class PipeServer : IServerKind
{
    private readonly ConcurrentDictionary<string, Room> _rooms = new();

    public void Configure(WebApplicationBuilder builder, Arguments arguments)
    {
    }

    public void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.Map("/realtime", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync("realtimekit.v1.json");
            var client = new PipeClient(socket);
            try
            {
                await client.ReadAsync(Handle);
            }
            catch (WebSocketException)
            {
                // The client went without a word.
            }
        });
    }

    public Task PrepareAsync(WebApplication app, Arguments arguments) => Task.CompletedTask;

    private void Handle(PipeClient client, ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        using var document = JsonDocument.ParseValue(ref reader);
        var frame = document.RootElement;
        var id = frame.GetProperty("id").GetInt64();
        switch (frame.GetProperty("type").GetString())
        {
            case "connect":
                client.Enqueue(Encoding.UTF8.GetBytes($$"""{"type":"connected","id":{{id}}}"""));
                break;
            case "subscribe":
                var name = frame.GetProperty("channel").GetString()!;
                _rooms.GetOrAdd(name, x => new Room(x)).Subscribe(client, id);
                break;
            case "publish":
                _rooms[frame.GetProperty("channel").GetString()!].Publish(client, id, frame.GetProperty("message"));
                break;
        }
    }

    private sealed class Room(string name)
    {
        private readonly Lock _lock = new();
        private readonly List<PipeClient> _clients = [];
        private long _version;

        public void Subscribe(PipeClient client, long id)
        {
            lock (_lock)
            {
                _clients.Add(client);
                client.Enqueue(Encoding.UTF8.GetBytes(
                    $$"""{"type":"subscribed","id":{{id}},"channel":"{{name}}","version":{{_version}}}"""));
            }
        }

        public void Publish(PipeClient sender, long id, JsonElement message)
        {
            lock (_lock)
            {
                var version = ++_version;
                var (messageId, text) = (message.GetProperty("id").GetString(), message.GetProperty("text").GetString());
                var time = TimeProvider.System.GetUtcNow();
                var posted = Encoding.UTF8.GetBytes(
                    $$$"""{"type":"event","channel":"{{{name}}}","version":{{{version}}},"kind":"posted","message":{"id":"{{{messageId}}}","channel":"{{{name}}}","sequence":{{{version}}},"version":{{{version}}},"sender":"u1","time":"{{{time:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}}","text":"{{{text}}}"}}""");
                foreach (var client in _clients)
                    client.Enqueue(posted);
                sender.Enqueue(Encoding.UTF8.GetBytes(
                    $$"""{"type":"published","id":{{id}},"channel":"{{name}}","messageId":"{{messageId}}","sequence":{{version}},"version":{{version}},"time":"{{time:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}","duplicate":false}"""));
            }
        }
    }
}
