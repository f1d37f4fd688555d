using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace RealtimeKit.EndToEnd.Protocol;

/// <summary>A protocol client without opinions: it sends what it is told, keeps every frame that comes, and hides nothing.</summary>
public sealed class RawClient : IAsyncDisposable
{
    public const string Subprotocol = "realtimekit.v1.json";
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly ClientWebSocket _socket;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Lock _gate = new();
    private readonly List<JsonElement> _inbox = [];
    private readonly List<JsonElement> _log = [];
    private readonly List<int> _messageBytes = [];
    private readonly TaskCompletionSource<int> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _receiving;
    private long _lastId = 1000;

    private RawClient(ClientWebSocket socket)
    {
        _socket = socket;
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>The user that `connected` named; empty before.</summary>
    public string User { get; private set; } = "";

    /// <summary>The subprotocol the server chose, or null.</summary>
    public string? ChosenSubprotocol => string.IsNullOrEmpty(_socket.SubProtocol) ? null : _socket.SubProtocol;

    /// <summary>Whether `ping` frames are answered, as a living client does.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>What broke the connection, where it ended without a close code.</summary>
    public Exception? Broken { get; private set; }

    /// <summary>Every frame received so far, in order, taken by a wait or not.</summary>
    public IReadOnlyList<JsonElement> Log
    {
        get
        {
            lock (_gate) return [.. _log];
        }
    }

    /// <summary>The frames that no wait has taken yet.</summary>
    public IReadOnlyList<JsonElement> Inbox
    {
        get
        {
            lock (_gate) return [.. _inbox];
        }
    }

    /// <summary>The longest frame received so far, in bytes.</summary>
    public int LongestFrame
    {
        get
        {
            lock (_gate) return _messageBytes.DefaultIfEmpty().Max();
        }
    }

    /// <summary>Upgrades to a WebSocket; the HTTP status of a refusal is in the exception.</summary>
    public static async Task<RawClient> OpenAsync(Uri endpoint, string? cookie = null, string[]? subprotocols = null, string? origin = null, string? bearer = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        foreach (var offered in subprotocols ?? [Subprotocol]) socket.Options.AddSubProtocol(offered);
        if (cookie is not null) socket.Options.SetRequestHeader("Cookie", cookie);
        if (bearer is not null) socket.Options.SetRequestHeader("Authorization", $"Bearer {bearer}");
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            await socket.ConnectAsync(endpoint, deadline.Token);
        }
        catch (WebSocketException refused)
        {
            var status = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw new UpgradeRefusedException(status, refused);
        }

        return new RawClient(socket);
    }

    /// <summary>Sends `connect` and expects `connected`.</summary>
    public async Task<JsonElement> ConnectAsync()
    {
        var connected = (await RequestAsync("connect")).ShouldBe("connected");
        User = connected.Text("user");
        return connected;
    }

    /// <summary>A frame's text with the next free id.</summary>
    public string Compose(string type, object? fields, out long id)
    {
        id = Interlocked.Increment(ref _lastId);
        return Frames.Compose(type, id, fields);
    }

    /// <summary>Sends a request and returns the reply that bears its id; other frames wait in the inbox.</summary>
    public async Task<JsonElement> RequestAsync(string type, object? fields = null) => await ReplyAsync(await BeginAsync(type, fields));

    /// <summary>Sends a request and returns its id without waiting.</summary>
    public async Task<long> BeginAsync(string type, object? fields = null)
    {
        await SendAsync(Compose(type, fields, out var id));
        return id;
    }

    /// <summary>Sends requests as one message and returns their replies in the order of the requests.</summary>
    public async Task<IReadOnlyList<JsonElement>> BatchAsync(params (string Type, object? Fields)[] requests)
    {
        var ids = new List<long>();
        var lines = new List<string>();
        foreach (var (type, fields) in requests)
        {
            lines.Add(Compose(type, fields, out var id));
            ids.Add(id);
        }

        await SendAsync(string.Join('\n', lines));
        var replies = new List<JsonElement>();
        foreach (var id in ids) replies.Add(await ReplyAsync(id));
        return replies;
    }

    /// <summary>The reply that bears this id.</summary>
    public Task<JsonElement> ReplyAsync(long id) =>
        WaitForAsync(frame => frame.Has("id") && frame.GetProperty("id").TryGetInt64(out var found) && found == id, null, $"reply to {id}");

    /// <summary>The first waiting or coming frame that the predicate accepts.</summary>
    public async Task<JsonElement> WaitForAsync(
        Func<JsonElement, bool> predicate, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(predicate))] string what = "")
    {
        using var patience = new CancellationTokenSource(deadline ?? Deadline);
        while (true)
        {
            Task arrived;
            lock (_gate)
            {
                var found = _inbox.FindIndex(frame => predicate(frame));
                if (found >= 0)
                {
                    var frame = _inbox[found];
                    _inbox.RemoveAt(found);
                    return frame;
                }

                if (_closed.Task.IsCompleted) throw new TimeoutException($"The connection closed before: {what}\n{Describe()}");
                arrived = _arrived.Task;
            }

            try
            {
                await arrived.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Nothing in time for: {what}\n{Describe()}");
            }
        }
    }

    /// <summary>The close code the server sent; -1 where the connection broke without one.</summary>
    public async Task<int> WaitForCloseAsync(TimeSpan? deadline = null)
    {
        try
        {
            return await _closed.Task.WaitAsync(deadline ?? Deadline);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The server did not close the connection.\n{Describe()}");
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public async Task SendAsync(byte[] bytes, WebSocketMessageType kind, bool endOfMessage = true)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _sending.WaitAsync(deadline.Token);
        try
        {
            await _socket.SendAsync(bytes, kind, endOfMessage, deadline.Token);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Closes in the orderly way and returns the code of the server's answer.</summary>
    public async Task<int> CloseAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
        return await WaitForCloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
        _sending.Dispose();
    }

    private string Describe() =>
        $"Received as {User}{(Broken is null ? "" : $", before it broke ({Broken.Message})")}: " + string.Join("\n  ", _log.TakeLast(20).Select(frame => frame.Brief()));

    private async Task ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close) break;
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                await TakeAsync(message.ToArray());
                message.SetLength(0);
            }

            End((int)(_socket.CloseStatus ?? (WebSocketCloseStatus)(-1)));
            if (_socket.State == WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception broken) when (broken is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            Broken = broken;
            End(-1);
        }
    }

    private async Task TakeAsync(byte[] message)
    {
        foreach (var line in Encoding.UTF8.GetString(message).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var frame = Frames.Parse(line);
            var isPing = frame.IsType("ping");
            TaskCompletionSource arrived;
            lock (_gate)
            {
                _log.Add(frame);
                _messageBytes.Add(Encoding.UTF8.GetByteCount(line));
                if (!isPing || !AnswersPings) _inbox.Add(frame);
                arrived = _arrived;
                _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            arrived.TrySetResult();
            if (isPing && AnswersPings) await SendAsync("""{"type":"pong"}""");
        }
    }

    private void End(int code)
    {
        lock (_gate)
        {
            _closed.TrySetResult(code);
            _arrived.TrySetResult();
        }
    }
}
