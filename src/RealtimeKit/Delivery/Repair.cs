using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Diagnostics;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>
/// Compares the channels that are served here with the store, and so finds what the broker lost, what another node changed where there
/// is no broker, and what the store did without being able to answer: regularly, whether or not anything more comes, and at once when
/// there is reason to. One query reads the heads of all channels.
/// </summary>
internal sealed partial class Repair(
    LocalChannels channels, IMessageStore store, bool hasBroker, RealtimeMetrics metrics, RealtimeOptions options, TimeProvider time,
    ILogger<Repair> logger)
{
    /// <summary>The most channels that one query asks for.</summary>
    public const int ChannelsPerQuery = 10_000;

    // Nodes that were started together shall not ask together.
    private const double Jitter = 0.2;

    private static readonly TimeSpan LongestGrace = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<string> _names = [];
    private readonly Dictionary<string, ChannelHead> _heads = new(StringComparer.Ordinal);
    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private bool _wanted;
    private volatile bool _running;
    private bool _storeIsAway;

    /// <summary>Called for each channel in which members' rights were changed since its head was read before.</summary>
    public Action<LocalChannel>? RightsChanged { get; set; }

    /// <summary>Called at each interval, and whenever there is a reason to compare; it returns at once.</summary>
    public Action? Due { get; set; }

    /// <summary>Whether a comparison of all channels is under way.</summary>
    public bool IsRunning => _running;

    // A head that was just committed is on its way to the readers: only who is behind it after this time reads it from the store.
    private TimeSpan Grace => options.RepairInterval / 4 < LongestGrace ? options.RepairInterval / 4 : LongestGrace;

    /// <summary>Compares at once, or once more where that is under way.</summary>
    public void Now()
    {
        Volatile.Write(ref _wanted, true);
        _due.Writer.TryWrite(true);
    }

    /// <summary>Compares at every interval until the node stops; only when asked to where nothing but this node changes the store.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (store.IsShared && !hasBroker) NoBroker(options.RepairInterval);
        using var timer = time.CreateTimer(static repair => ((Repair)repair!)._due.Writer.TryWrite(true), this, Next(), Timeout.InfiniteTimeSpan);
        try
        {
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                var wanted = Interlocked.Exchange(ref _wanted, false);
                _running = true;
                Due?.Invoke();
                if (wanted || store.IsShared || hasBroker) await CheckAllAsync(wanted ? TimeSpan.Zero : Grace, cancellationToken).ConfigureAwait(false);
                timer.Change(Next(), Timeout.InfiniteTimeSpan);
                _running = false;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Compares some channels that are served here with the store, now.</summary>
    /// <returns>How many were behind the store or of another epoch.</returns>
    /// <exception cref="StoreUnavailableException">The heads could not be read.</exception>
    public Task<int> CheckAsync(IReadOnlyList<LocalChannel> served, CancellationToken cancellationToken) =>
        CheckAsync(served, TimeSpan.Zero, cancellationToken);

    private async Task<int> CheckAsync(IReadOnlyList<LocalChannel> served, TimeSpan grace, CancellationToken cancellationToken)
    {
        // One comparison at a time, so that a later read is a newer one.
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var repaired = 0;
            var ahead = new List<(LocalChannel Channel, ChannelHead Head)>();
            for (var from = 0; from < served.Count; from += ChannelsPerQuery)
            {
                var to = Math.Min(served.Count, from + ChannelsPerQuery);
                for (var i = from; i < to; i++) _names.Add(served[i].Name);
                foreach (var head in await store.ReadHeadsAsync(_names, cancellationToken).ConfigureAwait(false)) _heads[head.Channel] = head;
                for (var i = from; i < to; i++)
                {
                    var channel = served[i];
                    if (!_heads.TryGetValue(channel.Name, out var head) || head.Epoch != channel.Epoch)
                    {
                        End(channel);
                        repaired++;
                        continue;
                    }

                    if (channel.Revise(head.Revision)) RightsChanged?.Invoke(channel);
                    if (head.Version > channel.Head) ahead.Add((channel, head));
                }

                _names.Clear();
                _heads.Clear();
            }

            if (ahead.Count > 0 && grace > TimeSpan.Zero) await Task.Delay(grace, time, cancellationToken).ConfigureAwait(false);
            repaired += ahead.Count(static behind => behind.Channel.Observe(behind.Head.Position));
            if (repaired > 0) metrics.Repaired(repaired);
            return repaired;
        }
        finally
        {
            _names.Clear();
            _heads.Clear();
            _turn.Release();
        }
    }

    private async ValueTask CheckAllAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        try
        {
            // A channel that is just beginning to be served reads its head itself.
            var served = channels.All.Where(channel => channel.Ready.Task.IsCompletedSuccessfully).ToList();
            var repaired = await CheckAsync(served, grace, cancellationToken).ConfigureAwait(false);
            if (repaired > 0) ChannelsRepaired(repaired, served.Count);
            if (_storeIsAway) RepairResumed();
            _storeIsAway = false;
        }
        catch (StoreUnavailableException exception)
        {
            if (!_storeIsAway) RepairUnavailable(exception);
            _storeIsAway = true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The next interval tries again after any failure.
            RepairFailed(exception);
        }
    }

    // Deleted, and perhaps made again under the same name: what its subscribers hold means nothing any more.
    private void End(LocalChannel channel)
    {
        channels.Retire(channel);
        foreach (var subscription in channel.Readers()) subscription.Revoke("deleted");
    }

    private TimeSpan Next() => (options.RepairInterval - Grace) * (1 - (Jitter * options.Random.NextDouble()));

    [LoggerMessage(40, LogLevel.Information, "Repair: {Repaired} of {Count} channels were behind the store and read what they missed.")]
    private partial void ChannelsRepaired(int repaired, int count);

    [LoggerMessage(41, LogLevel.Warning, "The channels could not be compared with the store; trying again at every repair interval.")]
    private partial void RepairUnavailable(Exception exception);

    [LoggerMessage(42, LogLevel.Information, "The channels can be compared with the store again.")]
    private partial void RepairResumed();

    [LoggerMessage(43, LogLevel.Error, "Comparing the channels with the store failed.")]
    private partial void RepairFailed(Exception exception);

    [LoggerMessage(44, LogLevel.Information, "No broker is used: what another node changes in this store arrives within {Interval}. Give several nodes a broker.")]
    private partial void NoBroker(TimeSpan interval);
}
