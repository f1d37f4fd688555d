using System.Globalization;
using RabbitMQ.Client;
using RealtimeKit.RabbitMQ.Routing;

namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// The bindings of one queue, kept level with what the node wants. One change at a time, so that the last to look at a
/// partition sees what those before have done.
/// </summary>
internal sealed class Bindings(
    IChannel channel, string exchange, string queue, Partitions partitions, Subscriptions subscriptions, Share share, TimeSpan timeout, TimeProvider time)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly bool[] _bound = new bool[partitions.Count];

    /// <summary>
    /// Binds or unbinds a partition where it is not as it ought to be; ends when the broker has done it. The timeout is the broker's, without
    /// the wait for those before.
    /// </summary>
    /// <exception cref="TimeoutException">The broker did not answer.</exception>
    public async Task LevelAsync(int partition, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SetAsync(partition, noWait: false, cancellationToken).WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The same for all partitions of this broker, with one wait for all of them.</summary>
    public async Task LevelAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var any = false;
            foreach (var partition in share.Of(partitions)) any |= await SetAsync(partition, noWait: true, cancellationToken).ConfigureAwait(false);
            // The broker works in order: when it has answered this it has done all before it.
            if (any) await channel.ExchangeDeclarePassiveAsync(exchange, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<bool> SetAsync(int partition, bool noWait, CancellationToken cancellationToken)
    {
        var wanted = subscriptions.IsWanted(partition);
        if (wanted == _bound[partition]) return false;
        var key = partition.ToString(CultureInfo.InvariantCulture);
        if (wanted) await channel.QueueBindAsync(queue, exchange, key, noWait: noWait, cancellationToken: cancellationToken).ConfigureAwait(false);
        else await channel.QueueUnbindAsync(queue, exchange, key, cancellationToken: cancellationToken).ConfigureAwait(false);
        _bound[partition] = wanted;
        return true;
    }
}
