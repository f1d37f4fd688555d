using Microsoft.Extensions.Logging;
using RealtimeKit.Brokers;

namespace RealtimeKit.Delivery;

/// <summary>
/// The channels whose publications arrive at this node: each from its first user to its last, be that the channel itself or an inbox. Safe
/// for concurrent use.
/// </summary>
internal sealed partial class BrokerSubscriptions(IMessageBroker? broker, ILogger<BrokerSubscriptions> logger)
{
    private readonly Lock _gate = new();
    // A broker that does not answer about one channel must not hold up the others.
    private readonly NamedTurns _turns = new();
    private readonly Dictionary<string, Entry> _channels = new(StringComparer.Ordinal);

    /// <summary>Adds a user, and ends once what is published after it arrives here. Even if that fails, <see cref="Remove"/> must follow.</summary>
    public ValueTask AddAsync(string channel)
    {
        if (broker is null) return ValueTask.CompletedTask;
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var entry)) _channels.Add(channel, entry = new Entry());
            entry.Users++;
            if (entry.IsSubscribed) return ValueTask.CompletedTask;
        }

        return new ValueTask(_turns.RunAsync(channel, SubscribeAsync));
    }

    /// <summary>Takes a user away.</summary>
    public void Remove(string channel)
    {
        if (broker is null) return;
        lock (_gate)
        {
            if (--_channels[channel].Users > 0) return;
        }

        _ = UnsubscribeAsync(channel);
    }

    private async ValueTask SubscribeAsync(string channel)
    {
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var found) || found.Users == 0 || found.IsSubscribed) return;
        }

        await broker!.SubscribeAsync(channel, default).ConfigureAwait(false);
        // Only another turn about the channel takes the entry away.
        lock (_gate) _channels[channel].IsSubscribed = true;
    }

    private async Task UnsubscribeAsync(string channel)
    {
        try
        {
            await _turns.RunAsync(channel, name =>
            {
                lock (_gate)
                {
                    // Somebody may use it again by then.
                    if (!_channels.TryGetValue(name, out var entry) || entry.Users > 0) return default;
                    _channels.Remove(name);
                    if (!entry.IsSubscribed) return default;
                }

                return broker!.UnsubscribeAsync(name, default);
            }).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            UnsubscribeFailed(exception, channel);
        }
    }

    private sealed class Entry
    {
        public int Users { get; set; }

        public bool IsSubscribed { get; set; }
    }

    [LoggerMessage(49, LogLevel.Warning, "The broker failed to end the subscription to channel {Channel}; what it still brings is ignored.")]
    private partial void UnsubscribeFailed(Exception exception, string channel);
}
