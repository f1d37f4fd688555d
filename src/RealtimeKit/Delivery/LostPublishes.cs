using Microsoft.Extensions.Logging;
using RealtimeKit.Stores;

namespace RealtimeKit.Delivery;

/// <summary>
/// Channels whose publications may not have arrived. The other nodes receive the heads of these channels, read by one store
/// query for all that gathered, so that they need not wait for their own repair. Safe for concurrent use.
/// </summary>
internal sealed partial class LostPublishes : IDisposable
{
    // More are left to the other nodes' repair.
    private const int Most = Repair.ChannelsPerQuery;

    // While publications are being lost, these would be lost, too.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly IMessageStore _store;
    private readonly Distributor _distributor;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private HashSet<string> _channels = new(StringComparer.Ordinal);
    private bool _due;
    private bool _held;
    private long _sentAt;

    public LostPublishes(IMessageStore store, Distributor distributor, TimeProvider time, ILogger<LostPublishes> logger)
    {
        (_store, _distributor, _time, _logger) = (store, distributor, time, logger);
        _sentAt = time.GetTimestamp() - (long)(Pause.TotalSeconds * time.TimestampFrequency);
        _timer = time.CreateTimer(static lost => _ = ((LostPublishes)lost!).SendAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(string channel)
    {
        lock (_gate)
        {
            if (_channels.Count < Most) _channels.Add(channel);
            Schedule();
        }
    }

    /// <summary>Keeps what gathers while a connection is lost, and sends it when all are there again.</summary>
    public void Hold(bool held)
    {
        lock (_gate)
        {
            _held = held;
            if (_channels.Count > 0) Schedule();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Schedule()
    {
        if (_due || _held) return;
        _due = true;
        var wait = Pause - _time.GetElapsedTime(_sentAt);
        _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private async Task SendAsync()
    {
        HashSet<string> lost;
        lock (_gate)
        {
            _due = false;
            if (_held) return;
            (lost, _channels) = (_channels, new HashSet<string>(StringComparer.Ordinal));
            _sentAt = _time.GetTimestamp();
        }

        try
        {
            foreach (var head in await _store.ReadHeadsAsync(lost, default).ConfigureAwait(false))
                _distributor.PublishHead(head.Channel, head.Position);
        }
        catch (Exception exception)
        {
            HeadsNotSent(exception, lost.Count);
        }
    }

    [LoggerMessage(45, LogLevel.Warning, "Publications to {Count} channels may be lost, and the heads of these channels could not be read; the other nodes find the changes by repair.")]
    private partial void HeadsNotSent(Exception exception, int count);
}
