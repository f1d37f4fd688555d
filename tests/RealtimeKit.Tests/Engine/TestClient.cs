using System.Text;
using System.Text.Json;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;

namespace RealtimeKit.Tests.Engine;

/// <summary>A raw client on the in-process transport: sends text, reads frames one by one.</summary>
internal sealed class TestClient(InProcessClient connection) : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly Queue<JsonElement> _read = new();
    private readonly LinkedList<JsonElement> _kept = new();

    public CloseCode? CloseCode => connection.CloseCode;

    public async Task SendAsync(string text)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await connection.SendAsync(Encoding.UTF8.GetBytes(text), deadline.Token);
    }

    /// <summary>The next frame, or null when the connection has ended.</summary>
    public async Task<JsonElement?> ReadAsync()
    {
        if (_kept.First is { } kept)
        {
            _kept.RemoveFirst();
            return kept.Value;
        }

        return await ReadNewAsync();
    }

    /// <summary>The next frame, whenever it comes, or null when the connection has ended.</summary>
    public Task<JsonElement?> ReadForeverAsync() => ReadNewAsync(Timeout.InfiniteTimeSpan);

    /// <summary>Sends a request and reads its reply; other frames are kept for later.</summary>
    public async Task<JsonElement> RequestAsync(string frame, long id)
    {
        await SendAsync(frame);
        return await ReplyAsync(id);
    }

    public Task<JsonElement> ReplyAsync(long id) =>
        WaitAsync(frame => frame.TryGetProperty("id", out var value) && value.GetInt64() == id, $"the reply to request {id}");

    /// <summary>Reads until a frame fits; others are kept in their order.</summary>
    public async Task<JsonElement> WaitAsync(Func<JsonElement, bool> fits, string what)
    {
        for (var node = _kept.First; node is not null; node = node.Next)
        {
            if (!fits(node.Value)) continue;
            _kept.Remove(node);
            return node.Value;
        }

        while (await ReadNewAsync() is { } frame)
        {
            if (fits(frame)) return frame;
            _kept.AddLast(frame);
        }

        throw new InvalidOperationException($"The connection ended (code {CloseCode}) while waiting for {what}.");
    }

    public Task<JsonElement> WaitForAsync(string type) => WaitAsync(frame => frame.GetProperty("type").GetString() == type, type);

    /// <summary>Reads to the end of the connection.</summary>
    public async Task<CloseCode?> ClosedAsync()
    {
        while (await ReadNewAsync() is not null)
        {
        }

        return CloseCode;
    }

    public void Abort() => connection.Close();

    public async ValueTask DisposeAsync() => await connection.DisposeAsync();

    private Task<JsonElement?> ReadNewAsync() => ReadNewAsync(Deadline);

    private async Task<JsonElement?> ReadNewAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        while (_read.Count == 0)
        {
            if (await connection.ReceiveAsync(deadline.Token) is not { } message) return null;
            foreach (var line in Encoding.UTF8.GetString(message.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                _read.Enqueue(JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 128 }).RootElement);
        }

        return _read.Dequeue();
    }
}
