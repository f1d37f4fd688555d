using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.Checking.Clients;

/// <summary>One connection of a bare client: frames out, replies by their id, everything else to a handler.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ReplyLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(50);

    private readonly WebSocket _socket;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _replies = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _ended = new();
    private readonly Action<RawConnection, string, JsonElement> _handler;
    private long _lastId;

    private RawConnection(WebSocket socket, TimeProvider time, Action<RawConnection, string, JsonElement> handler) =>
        (_socket, _time, _handler) = (socket, time, handler);

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Ends when the connection has, and every request of it with it.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Connects and signs in.</summary>
    /// <exception cref="ConnectionLostException">It did not come about.</exception>
    public static async Task<RawConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, TimeProvider time, Action<RawConnection, string, JsonElement> handler)
    {
        RawConnection? connection = null;
        try
        {
            using var limit = new CancellationTokenSource(ConnectLimit, time);
            connection = new RawConnection(await connect(limit.Token), time, handler);
            connection.Running = connection.ReceiveAsync();
            var reply = await connection.RequestAsync("connect", []).WaitAsync(ConnectLimit, time);
            if (Type(reply) != "connected") throw new ConnectionLostException($"connect was answered by {reply}");
            return connection;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or TimeoutException)
        {
            if (connection is not null) await connection.AbortAsync();
            throw new ConnectionLostException(e.Message);
        }
        catch (ConnectionLostException)
        {
            if (connection is not null) await connection.AbortAsync();
            throw;
        }
    }

    public static string Type(JsonElement frame) => frame.GetProperty("type").GetString()!;

    /// <summary>Sends one request and gives its reply.</summary>
    /// <exception cref="ConnectionLostException">The connection ended before, or there was no reply in time and it was ended for that.</exception>
    public async Task<JsonElement> RequestAsync(string type, Dictionary<string, object?> fields) => await (await SendAsync([(type, fields)]))[0];

    /// <summary>Sends several requests as one transport message and gives a task for the reply of each.</summary>
    public async Task<IReadOnlyList<Task<JsonElement>>> SendAsync(IReadOnlyList<(string Type, Dictionary<string, object?> Fields)> requests)
    {
        var replies = new List<Task<JsonElement>>();
        var text = new StringBuilder();
        foreach (var (type, fields) in requests)
        {
            var id = Interlocked.Increment(ref _lastId);
            var reply = _replies[id] = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
            replies.Add(WaitAsync(reply.Task));
            text.Append(JsonSerializer.Serialize(new Dictionary<string, object?>(fields) { ["type"] = type, ["id"] = id })).Append('\n');
        }

        if (_ended.IsCancellationRequested) FailAll();
        else await WriteAsync(text.ToString());
        return replies;
    }

    /// <summary>Ends it without good-bye.</summary>
    public async Task AbortAsync()
    {
        _socket.Abort();
        await Running;
        End();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task<JsonElement> WaitAsync(Task<JsonElement> reply)
    {
        try
        {
            return await reply.WaitAsync(ReplyLimit, _time);
        }
        catch (TimeoutException)
        {
            // Whoever is silent for so long is left for another node; the request may still take effect.
            _socket.Abort();
            throw new ConnectionLostException($"no reply within {ReplyLimit}");
        }
    }

    private async Task WriteAsync(string text)
    {
        try
        {
            await _sending.WaitAsync(_ended.Token);
            try
            {
                await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, _ended.Token);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The receiving side ends for the same reason, and the requests with it.
            _socket.Abort();
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[64 * 1_024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                using var silence = new CancellationTokenSource(SilenceLimit, _time);
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), silence.Token);
                if (part.MessageType == WebSocketMessageType.Close) break;
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                foreach (var line in Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length).Split('\n', StringSplitOptions.RemoveEmptyEntries)) Take(line);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Lost: the client makes another.
        }

        End();
    }

    private void Take(string line)
    {
        using var document = JsonDocument.Parse(line);
        var frame = document.RootElement.Clone();
        var type = Type(frame);
        if (type == "ping") _ = WriteAsync("{\"type\":\"pong\"}\n");
        // What a request brings about comes behind its reply, so the handler sees the reply before what follows it.
        else if (frame.TryGetProperty("id", out var id) && _replies.TryRemove(id.GetInt64(), out var reply))
        {
            if (type is "subscribed" or "inbox") _handler(this, type, frame);
            reply.TrySetResult(frame);
        }
        else _handler(this, type, frame);
    }

    private void End()
    {
        _ended.Cancel();
        _socket.Abort();
        FailAll();
    }

    private void FailAll()
    {
        foreach (var reply in _replies.Values) reply.TrySetException(new ConnectionLostException("the connection was lost"));
        _replies.Clear();
    }
}

/// <summary>The connection ended; what was under way may have taken effect or not.</summary>
internal sealed class ConnectionLostException(string message) : Exception(message);
