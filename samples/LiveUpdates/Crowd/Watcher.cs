using System.Collections.Concurrent;
using RealtimeKit.Client;

namespace RealtimeKit.Samples;

/// <summary>One who watches both channels over a socket, goes away, and comes back to where it was.</summary>
internal sealed class Watcher(Uri endpoint, string cookie, CrowdFigures figures, TimeProvider time)
{
    private static readonly string[] Channels = ["orders", "stock"];

    private readonly ConcurrentDictionary<string, ChannelPosition> _positions = new(StringComparer.Ordinal);

    /// <summary>Watches until told to go.</summary>
    public async Task WatchAsync(CancellationToken go)
    {
        await using var client = new RealtimeClient(endpoint, new RealtimeClientOptions
        {
            ConfigureWebSocket = options => options.SetRequestHeader("Cookie", cookie),
        });
        await client.ConnectAsync(go);
        figures.Came(back: !_positions.IsEmpty);
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
        if (_positions.TryGetValue(channel.Id, out var position))
        {
            await channel.SubscribeAsync(SubscribeOptions.After(position), go);
        }
        else
        {
            var begin = await channel.SubscribeAsync(SubscribeOptions.Live, go);
            _positions[channel.Id] = position = new ChannelPosition(begin.Epoch, begin.Version, begin.Sequence);
        }

        var last = position.Sequence;
        await foreach (var update in channel.ReadAsync(go))
        {
            if (update is MessagePosted { Message: var message })
            {
                figures.Delivered(time.GetUtcNow() - message.Time, wasAway: message.Time < came, missing: message.Sequence - last - 1);
                last = message.Sequence;
            }

            _positions[channel.Id] = channel.Position ?? position;
        }
    }
}
