using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RealtimeKit.Brokers;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>The channels that have readers on this node. A channel is served from its first reader to its last.</summary>
internal sealed partial class LocalChannels(RealtimeOptions options, IMessageStore store, IMessageBroker? broker, ILogger<LocalChannels> logger)
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _brokerTurn = new(1, 1);
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

        if (broker is not null) _ = UnsubscribeAsync(channel.Name);
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
            if (broker is not null)
            {
                await SubscribeAsync(channel.Name).ConfigureAwait(false);
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

    private async ValueTask SubscribeAsync(string channel)
    {
        await _brokerTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            await broker!.SubscribeAsync(channel, default).ConfigureAwait(false);
        }
        finally
        {
            _brokerTurn.Release();
        }
    }

    private async Task UnsubscribeAsync(string channel)
    {
        await _brokerTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            // The channel may be served again by now.
            if (Find(channel) is null) await broker!.UnsubscribeAsync(channel, default).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            UnsubscribeFailed(exception, channel);
        }
        finally
        {
            _brokerTurn.Release();
        }
    }

    [LoggerMessage(49, LogLevel.Warning, "The broker failed to end the subscription to channel {Channel}; what it still brings is ignored.")]
    private partial void UnsubscribeFailed(Exception exception, string channel);
}
