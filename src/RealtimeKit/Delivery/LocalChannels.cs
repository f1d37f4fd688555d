using System.Collections.Concurrent;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>The channels that have readers on this node. A channel is served from its first reader to its last.</summary>
internal sealed class LocalChannels(RealtimeOptions options, IMessageStore store, BrokerSubscriptions subscriptions, bool hasBroker)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, LocalChannel> _channels = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<ulong, LocalChannel> _served = [];

    /// <summary>Called for each channel that begins to be served, once its publications arrive here.</summary>
    public Action<LocalChannel>? Served { get; set; }

    public TailBudget Budget { get; } = new(options.TailBytesPerChannel, options.TailBytesPerNode);

    public LocalChannel? Find(string channel) => _channels.GetValueOrDefault(channel);

    /// <summary>Finds a channel that is being served by its key.</summary>
    public LocalChannel? FindServed(ulong key) => _served.GetValueOrDefault(key);

    public ICollection<LocalChannel> All => _channels.Values;

    /// <summary>Gives a channel that is being served; <see cref="Release"/> must follow.</summary>
    /// <exception cref="StoreUnavailableException">Its head could not be read.</exception>
    public async ValueTask<LocalChannel> AcquireAsync(string name, CancellationToken cancellationToken)
    {
        LocalChannel channel;
        bool first;
        lock (_gate)
        {
            if (!_channels.TryGetValue(name, out channel!)) _channels[name] = channel = new LocalChannel(name, Budget);
            first = channel.Users++ == 0;
        }

        try
        {
            if (first) await ServeAsync(channel).ConfigureAwait(false);
            else await channel.Ready.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return channel;
        }
        catch
        {
            Release(channel);
            throw;
        }
    }

    public void Release(LocalChannel channel)
    {
        lock (_gate)
        {
            if (--channel.Users > 0) return;
            Remove(channel);
        }

        if (channel.IsHeard) subscriptions.Remove(channel.Name);
    }

    /// <summary>Serves the channel no more: the next to come gets what the store then has under its name.</summary>
    public void Retire(LocalChannel channel)
    {
        lock (_gate) Remove(channel);
        channel.SetGone();
    }

    // The broker first, then the head: changes that are committed between the two arrive, and earlier ones are read.
    private async ValueTask ServeAsync(LocalChannel channel)
    {
        try
        {
            channel.IsHeard = true;
            await subscriptions.AddAsync(channel.Name).ConfigureAwait(false);
            if (hasBroker)
            {
                _served[channel.Key] = channel;
                Served?.Invoke(channel);
            }

            foreach (var head in await store.ReadHeadsAsync([channel.Name], default).ConfigureAwait(false)) channel.Begin(head);
            channel.Ready.TrySetResult();
        }
        catch (Exception exception)
        {
            // Everybody who waits for this channel fails with it; the next request serves it afresh.
            lock (_gate) Remove(channel);
            channel.Ready.TrySetException(exception);
            _ = channel.Ready.Task.Exception;
            throw;
        }
    }

    private void Remove(LocalChannel channel)
    {
        _channels.TryRemove(new(channel.Name, channel));
        _served.TryRemove(new(channel.Key, channel));
    }
}
