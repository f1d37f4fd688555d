using System.Text.Json;
using FluentAssertions;

namespace RealtimeKit.Tests.Engine;

/// <summary>One inbox as a client holds it: the rows of all frames, one over the other.</summary>
internal sealed class InboxFold(TestClient client) : IAsyncDisposable
{
    private readonly HashSet<string> _sinceReset = [];
    private bool _resets;
    private long _id = 1_000;

    public TestClient Client => client;

    public Dictionary<string, JsonElement> Rows { get; } = [];

    public string Cursor { get; private set; } = "";

    public (long Unread, long Mentions) Totals { get; private set; }

    public bool IsLevel { get; private set; }

    public int Frames { get; private set; }

    public int RowsSeen { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Opens the inbox after what is held, and reads until level.</summary>
    public async Task<JsonElement> OpenAsync(string? after = null)
    {
        var id = _id++;
        var reply = await client.RequestAsync(JsonSerializer.Serialize(new { type = "inbox", id, after }), id);
        reply.GetProperty("type").GetString().Should().Be("inbox");
        _resets = reply.GetProperty("reset").GetBoolean();
        _sinceReset.Clear();
        Take(reply);
        IsLevel = false;
        while (!IsLevel) await FoldAsync();
        return reply;
    }

    /// <summary>Reads frames until the rows are as wanted.</summary>
    public async Task UntilAsync(Func<bool> wanted)
    {
        while (!wanted()) await FoldAsync();
    }

    /// <summary>Reads the next frame.</summary>
    public async Task FoldAsync() => Fold(await client.WaitForAsync("inbox"));

    public void Fold(JsonElement frame)
    {
        Frames++;
        Bytes += frame.GetRawText().Length;
        frame.TryGetProperty("id", out _).Should().BeFalse();
        var names = frame.GetProperty("channels").EnumerateArray().Select(row => row.GetProperty("channel").GetString()!).ToList();
        names.Should().OnlyHaveUniqueItems();
        foreach (var row in frame.GetProperty("channels").EnumerateArray())
        {
            RowsSeen++;
            Rows[row.GetProperty("channel").GetString()!] = row.Clone();
        }

        _sinceReset.UnionWith(names);
        if (frame.TryGetProperty("removed", out var removed))
        {
            foreach (var name in removed.EnumerateArray())
            {
                names.Should().NotContain(name.GetString()!, "a channel is never in both lists");
                Rows.Remove(name.GetString()!);
            }
        }

        Take(frame);
        if (frame.GetProperty("more").GetBoolean()) return;
        if (_resets)
            foreach (var name in Rows.Keys.Except(_sinceReset).ToList()) Rows.Remove(name);
        _resets = false;
        IsLevel = true;
    }

    public long Number(string channel, string field) => Rows[channel].GetProperty(field).GetInt64();

    public string Text(string channel, string field) => Rows[channel].GetProperty(field).GetString()!;

    public bool Flag(string channel, string field) => Rows[channel].GetProperty(field).GetBoolean();

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private void Take(JsonElement frame)
    {
        Cursor = frame.GetProperty("cursor").GetString()!;
        Totals = (frame.GetProperty("unread").GetInt64(), frame.GetProperty("mentions").GetInt64());
    }
}
