using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace RealtimeKit;

/// <summary>
/// Compares the channels that are served here with the store, at every interval and at once when there is a reason. So readers get
/// events that the broker lost, and changes whose answer from the store was lost. One query reads the heads of all channels.
/// </summary>
internal sealed partial class Repair(
    LocalChannels channels, IMessageStore store, bool hasOtherNodes, RealtimeMetrics metrics, RealtimeOptions options, TimeProvider time,
    ILogger<Repair> logger)
{
    /// <summary>The most channels that one query asks for.</summary>
    public const int ChannelsPerQuery = 10_000;

    // The first comparison may come before a change that the store is slow to make.
    private const int ComparisonsInDoubt = 2;

    // Nodes that were started together do not query together.
    private const double Jitter = 0.2;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<string> _names = [];
    private readonly Dictionary<string, ChannelHead> _heads = new(StringComparer.Ordinal);
    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private bool _wanted;
    private int _doubts;
    private volatile bool _running;
    private bool _storeIsAway;

    /// <summary>Whether a comparison of all channels is under way.</summary>
    public bool IsRunning => _running;

    /// <summary>Compares at once, or once more where that is under way.</summary>
    public void Now()
    {
        Volatile.Write(ref _wanted, true);
        _due.Writer.TryWrite(true);
    }

    /// <summary>A change of this node may be stored although its answer was lost: the next comparisons look for it.</summary>
    public void Doubt() => Interlocked.Exchange(ref _doubts, ComparisonsInDoubt);

    /// <summary>
    /// Compares at every interval until the node stops. A node alone does so only after a lost answer: its readers receive a change a
    /// moment after the commit, and a comparison in between would send them all to the store for nothing.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = time.CreateTimer(static repair => ((Repair)repair!)._due.Writer.TryWrite(true), this, Next(), Timeout.InfiniteTimeSpan);
        try
        {
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                var wanted = Interlocked.Exchange(ref _wanted, false);
                _running = true;
                if (wanted || hasOtherNodes || Volatile.Read(ref _doubts) > 0) await CheckAllAsync(cancellationToken).ConfigureAwait(false);
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
    public async Task<int> CheckAsync(IReadOnlyList<LocalChannel> served, CancellationToken cancellationToken)
    {
        // One comparison at a time, so that a later read is a newer one.
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var repaired = 0;
            for (var from = 0; from < served.Count; from += ChannelsPerQuery)
            {
                var to = Math.Min(served.Count, from + ChannelsPerQuery);
                for (var i = from; i < to; i++) _names.Add(served[i].Name);
                foreach (var head in await store.ReadHeadsAsync(_names, cancellationToken).ConfigureAwait(false)) _heads[head.Channel] = head;
                for (var i = from; i < to; i++)
                    if (Apply(served[i], _heads.GetValueOrDefault(served[i].Name))) repaired++;
                _names.Clear();
                _heads.Clear();
            }

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

    private async ValueTask CheckAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A channel that is just beginning to be served reads its head itself.
            var served = channels.All.Where(channel => channel.Ready.Task.IsCompletedSuccessfully).ToList();
            var repaired = await CheckAsync(served, cancellationToken).ConfigureAwait(false);
            if (repaired > 0) ChannelsRepaired(repaired, served.Count);
            if (_storeIsAway) RepairResumed();
            _storeIsAway = false;
            if (Volatile.Read(ref _doubts) > 0) Interlocked.Decrement(ref _doubts);
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

    private bool Apply(LocalChannel channel, ChannelHead? head)
    {
        if (head is not null && head.Epoch == channel.Epoch) return channel.Observe(head.Position);
        // Deleted, and perhaps made again under the same name: what its subscribers hold is of another channel.
        channels.Retire(channel);
        foreach (var subscription in channel.Readers())
        {
            subscription.Revoke("deleted");
        }

        return true;
    }

    private TimeSpan Next() => options.RepairInterval * (1 - (Jitter * Random.Shared.NextDouble()));

    [LoggerMessage(40, LogLevel.Information, "Repair: {Repaired} of {Count} channels were behind the store and read what they missed.")]
    private partial void ChannelsRepaired(int repaired, int count);

    [LoggerMessage(41, LogLevel.Warning, "The channels could not be compared with the store; trying again at every repair interval.")]
    private partial void RepairUnavailable(Exception exception);

    [LoggerMessage(42, LogLevel.Information, "The channels can be compared with the store again.")]
    private partial void RepairResumed();

    [LoggerMessage(43, LogLevel.Error, "Comparing the channels with the store failed.")]
    private partial void RepairFailed(Exception exception);
}
