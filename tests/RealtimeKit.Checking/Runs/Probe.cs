using System.Text.Json;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Checking.Runs;

/// <summary>Asks one node, on a connection of its own that no fault touches, what it tells.</summary>
internal sealed class Probe : IAsyncDisposable
{
    public const string User = "probe";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly RawConnection _connection;
    private readonly Dictionary<string, List<JsonElement>> _pages;
    private readonly TimeProvider _time;

    private Probe(RawConnection connection, Dictionary<string, List<JsonElement>> pages, TimeProvider time) =>
        (_connection, _pages, _time) = (connection, pages, time);

    /// <summary>Connects, again and again if need be: the node may have started just now.</summary>
    public static async Task<Probe> OpenAsync(IWorldNode node, TimeProvider time)
    {
        var begin = time.GetTimestamp();
        var pages = new Dictionary<string, List<JsonElement>>();
        while (true)
        {
            try
            {
                return new Probe(await RawConnection.OpenAsync(cancel => node.ConnectAsync(User, cancel), time, (_, type, frame) => Keep(pages, type, frame)), pages, time);
            }
            catch (ConnectionLostException) when (time.GetElapsedTime(begin) < Limit)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), time);
            }
        }
    }

    public Task CreateAsync(IReadOnlyList<string> channels) =>
        AllAsync(channels, "create", channel => new() { ["channel"] = channel, ["kind"] = "public" });

    /// <summary>The version that each channel has now.</summary>
    public async Task<Dictionary<string, long>> HeadsAsync(IReadOnlyList<string> channels)
    {
        var heads = (await AllAsync(channels, "subscribe", channel => new() { ["channel"] = channel }))
            .ToDictionary(reply => reply.GetProperty("channel").GetString()!, reply => reply.GetProperty("version").GetInt64());
        await AllAsync(channels, "unsubscribe", channel => new() { ["channel"] = channel });
        return heads;
    }

    /// <summary>Who is present, but for probes.</summary>
    public async Task<PresencePicture> PresenceAsync(IReadOnlyList<string> channels)
    {
        var picture = new PresencePicture();
        foreach (var reply in await AllAsync(channels, "presence", channel => new() { ["channel"] = channel }))
        {
            foreach (var user in reply.GetProperty("users").EnumerateArray().Where(user => user.GetProperty("user").GetString() != User))
            {
                picture.Add(
                    reply.GetProperty("channel").GetString()!, user.GetProperty("user").GetString()!, user.GetProperty("status").GetString()!,
                    user.GetProperty("connections").GetInt32());
            }
        }

        return picture;
    }

    /// <summary>A channel's whole history.</summary>
    public async Task<IReadOnlyList<Entry>> HistoryAsync(string channel)
    {
        var entries = new List<Entry>();
        while (true)
        {
            var reply = await RequestAsync("history", new() { ["channel"] = channel, ["after"] = entries.Count == 0 ? 0 : entries[^1].Sequence, ["limit"] = 200 });
            entries.AddRange(Entries.ListFromJson(reply));
            if (!reply.TryGetProperty("more", out var more) || !more.GetBoolean()) return entries;
        }
    }

    /// <summary>The messages that changed after a version, as catching up brings them, until the node says that there are no more.</summary>
    public async Task<IReadOnlyList<Entry>> ChangesAfterAsync(string channel, long version)
    {
        lock (_pages) _pages[channel] = [];
        await RequestAsync("subscribe", new() { ["channel"] = channel, ["after"] = version });
        var begin = _time.GetTimestamp();
        while (_time.GetElapsedTime(begin) < Limit)
        {
            List<JsonElement> pages;
            lock (_pages) pages = [.. _pages[channel]];
            if (pages.Count > 0 && !(pages[^1].TryGetProperty("more", out var more) && more.GetBoolean()))
            {
                await RequestAsync("unsubscribe", new() { ["channel"] = channel });
                return [.. pages.SelectMany(Entries.ListFromJson)];
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), _time);
        }

        throw new TimeoutException($"The catch-up of {channel} after version {version} did not end within {Limit}.");
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.AbortAsync();
        _connection.Dispose();
    }

    private async Task<IReadOnlyList<JsonElement>> AllAsync(IReadOnlyList<string> channels, string type, Func<string, Dictionary<string, object?>> fields)
    {
        var replies = await _connection.SendAsync([.. channels.Select(channel => (type, fields(channel)))]);
        return await Task.WhenAll((await Task.WhenAll(replies)).Zip(channels, (reply, channel) => GoodAsync(reply, type, fields(channel))));
    }

    private async Task<JsonElement> RequestAsync(string type, Dictionary<string, object?> fields) =>
        await GoodAsync(await _connection.RequestAsync(type, fields), type, fields);

    // A node may find out only now that its connections to the database are dead: the protocol says to ask again.
    private async Task<JsonElement> GoodAsync(JsonElement reply, string type, Dictionary<string, object?> fields)
    {
        var begin = _time.GetTimestamp();
        while (RawConnection.Type(reply) == "error")
        {
            if (!Codes.IsForNow(reply.GetProperty("code").GetString()!) || _time.GetElapsedTime(begin) > Limit)
                throw new ConnectionLostException($"{type} was answered by {reply}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time);
            reply = await _connection.RequestAsync(type, fields);
        }

        return reply;
    }

    private static void Keep(Dictionary<string, List<JsonElement>> pages, string type, JsonElement frame)
    {
        if (type != "changes") return;
        lock (pages)
            if (pages.TryGetValue(frame.GetProperty("channel").GetString()!, out var list)) list.Add(frame);
    }
}
