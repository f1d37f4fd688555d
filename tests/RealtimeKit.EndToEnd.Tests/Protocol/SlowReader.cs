using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>A client that reads only when it is asked to, so that what it leaves lying piles up at the server.</summary>
public sealed class SlowReader : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly Uri _endpoint;
    private readonly Queue<string> _frames = new();

    public SlowReader(string cookie, Uri endpoint)
    {
        _endpoint = endpoint;
        _socket.Options.AddSubProtocol(RawClient.Subprotocol);
        _socket.Options.SetRequestHeader("Cookie", cookie);
    }

    public async Task SubscribeAsync(string channel)
    {
        using var deadline = new CancellationTokenSource(RawClient.Deadline);
        await _socket.ConnectAsync(_endpoint, deadline.Token);
        var frames = Frames.Compose("connect", 1) + "\n" + Frames.Compose("subscribe", 2, new { channel });
        await _socket.SendAsync(Encoding.UTF8.GetBytes(frames), WebSocketMessageType.Text, true, deadline.Token);
        (await NextAsync()).ShouldBe("connected");
        (await NextAsync()).ShouldBe("subscribed");
    }

    public async Task<JsonElement> NextAsync()
    {
        using var deadline = new CancellationTokenSource(RawClient.Deadline);
        while (_frames.Count == 0)
        {
            var buffer = new byte[16 * 1024];
            using var message = new MemoryStream();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                    throw new InvalidOperationException($"The server closed with {_socket.CloseStatus}.");
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            foreach (var line in Encoding.UTF8.GetString(message.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)) _frames.Enqueue(line);
        }

        return Frames.Parse(_frames.Dequeue());
    }

    public void Dispose()
    {
        _socket.Abort();
        _socket.Dispose();
    }
}
