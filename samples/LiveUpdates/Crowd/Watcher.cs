using System.Collections.Concurrent;
using RealtimeKit.Client;

namespace RealtimeKit.Samples;

/// <summary>One who watches both channels over a socket, goes away, and comes back to where it was.</summary>
internal sealed class Watcher(Uri endpoint, string cookie, CrowdFigures figures, TimeProvider time)
{
    private static readonly string[] Channels = ["orders", "stock"];

    private readonly ConcurrentDictionary<string, ChannelCursor> _cursors = new(StringComparer.Ordinal);

    /// <summary>Watches until told to go.</summary>
    public async Task WatchAsync(CancellationToken go)
    {
        await using var client = new RealtimeClient(endpoint, new RealtimeClientOptions
        {
            ConfigureWebSocket = options => options.SetRequestHeader("Cookie", cookie),
        });
        await client.ConnectAsync(go);
        figures.Came(back: !_cursors.IsEmpty);
        try
        {
            await Task.WhenAll(Channels.Select(channel => WatchAsync(client.Channel(channel), go)));
        }
        finally
        {
            figures.Went();
        }
    }

    private async Task WatchAsync(RealtimeChannel channel, CancellationToken go)
    {
        // What is older than this was said while it was away.
        var came = time.GetUtcNow();
        if (_cursors.TryGetValue(channel.Id, out var cursor))
        {
            await channel.SubscribeAsync(SubscribeOptions.After(cursor), go);
        }
        else
        {
            var begin = await channel.SubscribeAsync(SubscribeOptions.Live, go);
            _cursors[channel.Id] = cursor = new ChannelCursor(begin.Epoch, begin.Version, begin.Sequence);
        }

        var last = cursor.Sequence;
        await foreach (var update in channel.ReadAsync(go))
        {
            if (update is MessagePosted { Message: var message })
            {
                figures.Delivered(time.GetUtcNow() - message.Time, wasAway: message.Time < came, missing: message.Sequence - last - 1);
                last = message.Sequence;
            }

            _cursors[channel.Id] = channel.Cursor ?? cursor;
        }
    }
}
