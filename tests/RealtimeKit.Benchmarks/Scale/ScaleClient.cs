using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RealtimeKit.InMemory;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>A client in this process that makes one request at a time and measures how long its reply takes.</summary>
internal sealed class ScaleClient : IAsyncDisposable
{
    private readonly InProcessClient _connection;
    private long _id;

    private ScaleClient(InProcessClient connection) => _connection = connection;

    public static async Task<ScaleClient> ConnectAsync(InProcessTransport transport, string user)
    {
        var client = new ScaleClient(transport.Connect(user));
        await client.AskAsync("\"type\":\"connect\"");
        return client;
    }

    /// <summary>Makes a request of these fields.</summary>
    /// <returns>The reply, and the milliseconds until it had come.</returns>
    public async Task<(JsonElement Reply, double Milliseconds)> AskAsync(string fields)
    {
        var id = ++_id;
        var start = Stopwatch.GetTimestamp();
        await _connection.SendAsync(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"id\":{id},{fields}}}")));
        while (await _connection.ReceiveAsync() is { } message)
        {
            var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            foreach (var line in Encoding.UTF8.GetString(message.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var frame = JsonDocument.Parse(line);
                if (!frame.RootElement.TryGetProperty("id", out var answered) || answered.GetInt64() != id) continue;
                if (frame.RootElement.GetProperty("type").GetString() == "error") throw new InvalidOperationException($"{fields}: {line}");
                return (frame.RootElement.Clone(), elapsed);
            }
        }

        throw new InvalidOperationException($"The connection ended with {_connection.CloseCode} before the reply to {fields}.");
    }

    /// <summary>Receives until the connection ends, and marks every message that comes while that is wanted.</summary>
    public async Task MarkAllAsync(string channel, Marking marking)
    {
        while (await _connection.ReceiveAsync() is { } message)
        {
            foreach (var line in Encoding.UTF8.GetString(message.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var frame = JsonDocument.Parse(line);
                var type = frame.RootElement.GetProperty("type").GetString();
                if (type == "ok") marking.Answered();
                if (type == "ping") await _connection.SendAsync("{\"type\":\"pong\"}"u8.ToArray());
                if (type != "event" || !marking.IsOn) continue;
                var sequence = frame.RootElement.GetProperty("message").GetProperty("sequence").GetInt64();
                await _connection.SendAsync(Encoding.UTF8.GetBytes(string.Create(
                    CultureInfo.InvariantCulture, $"{{\"id\":{++_id},\"type\":\"read\",\"channel\":\"{channel}\",\"sequence\":{sequence}}}")));
            }
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
