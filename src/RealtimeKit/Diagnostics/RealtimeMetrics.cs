using System.Diagnostics.Metrics;

namespace RealtimeKit.Diagnostics;

/// <summary>
/// The engine's counters and histograms. Events are counted for a whole batch or write at once; clocks are read only while
/// somebody listens. Safe for concurrent use.
/// </summary>
internal sealed class RealtimeMetrics
{
    private readonly TimeProvider _time;
    private readonly HostListeners _listeners;
    private readonly Counter<long> _appended;
    private readonly Counter<long> _failed;
    private readonly Histogram<double> _appendDuration;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<int> _commitSize;
    private readonly Counter<long> _deliveries;
    private readonly Histogram<double> _deliveryDuration;
    private readonly Counter<long> _catchUps;
    private readonly Counter<long> _repairs;
    private readonly Counter<long> _observerDrops;

    public RealtimeMetrics(IMeterFactory meters, TimeProvider time, HostListeners listeners)
    {
        (_time, _listeners) = (time, listeners);
        Meter = meters.Create(RealtimeDiagnostics.MeterName);
        _appended = Meter.CreateCounter<long>("realtimekit.appends", "{change}", "Changes that were committed, by kind.");
        _failed = Meter.CreateCounter<long>("realtimekit.append.failures", "{change}", "Changes that the store could not take.");
        _appendDuration = Meter.CreateHistogram<double>("realtimekit.append.duration", "s", "From a change's entering the queue to its being committed.");
        _commitDuration = Meter.CreateHistogram<double>("realtimekit.commit.duration", "s", "What the store took for one commit.");
        _commitSize = Meter.CreateHistogram<int>("realtimekit.commit.size", "{change}", "How many changes one commit carried.");
        _deliveries = Meter.CreateCounter<long>("realtimekit.deliveries", "{event}", "Events written to clients from memory.");
        _deliveryDuration = Meter.CreateHistogram<double>(
            "realtimekit.delivery.duration", "s", "From the first event's reaching this node to the write that carries it to a client.");
        _catchUps = Meter.CreateCounter<long>("realtimekit.catchups", "{page}", "Pages read from the store for clients that were behind.");
        _repairs = Meter.CreateCounter<long>("realtimekit.repairs", "{channel}", "Channels that were behind the store when a repair compared them.");
        _observerDrops = Meter.CreateCounter<long>("realtimekit.observer.drops", "{change}", "Changes that an observer was too slow for.");
    }

    public Meter Meter { get; }

    /// <summary>The present moment if a change's way into the store is being measured, else 0.</summary>
    public long AppendStarts => _appendDuration.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>The present moment if deliveries are being measured, else 0.</summary>
    public long DeliveryStarts => _deliveryDuration.Enabled ? _time.GetTimestamp() : 0;

    public long Now => _time.GetTimestamp();

    /// <summary>A commit that began at <paramref name="began"/> carried these changes, with these results.</summary>
    public void Committed(IReadOnlyList<MessageChange> changes, IReadOnlyList<AppendResult> results, long began)
    {
        if (_commitDuration.Enabled) Record(_commitDuration, _time.GetElapsedTime(began).TotalSeconds);
        Record(_commitSize, changes.Count);
        if (_appended.Enabled) CountKinds(changes, results);
    }

    /// <summary>A change that came at <paramref name="started"/>, see <see cref="AppendStarts"/>, is committed.</summary>
    public void Appended(long started)
    {
        if (started != 0) Record(_appendDuration, _time.GetElapsedTime(started).TotalSeconds);
    }

    public void Failed(int changes) => Add(_failed, changes);

    /// <summary>One write took so many events; the first of them was there since <paramref name="since"/>.</summary>
    public void Delivered(long events, long since)
    {
        if (events == 0) return;
        Add(_deliveries, events);
        if (since != 0) Record(_deliveryDuration, _time.GetElapsedTime(since).TotalSeconds);
    }

    public void CaughtUp() => Add(_catchUps, 1);

    public void Repaired(int channels) => Add(_repairs, channels);

    /// <summary>An observer of this name was too slow for a change.</summary>
    public void ObserverDropped(string observer) => Add(_observerDrops, 1, "observer", observer);

    private void CountKinds(IReadOnlyList<MessageChange> changes, IReadOnlyList<AppendResult> results)
    {
        var (posted, edited, deleted, pinned, reacted) = (0, 0, 0, 0, 0);
        for (var i = 0; i < changes.Count; i++)
        {
            if (results[i].Outcome != AppendOutcome.Appended) continue;
            switch (changes[i])
            {
                case PostChange:
                    posted++;
                    break;
                case EditChange:
                    edited++;
                    break;
                case DeleteChange:
                    deleted++;
                    break;
                case PinChange:
                    pinned++;
                    break;
                default:
                    reacted++;
                    break;
            }
        }

        Count("posted", posted);
        Count("edited", edited);
        Count("deleted", deleted);
        Count("pinned", pinned);
        Count("reacted", reacted);
    }

    private void Count(string kind, int changes)
    {
        if (changes > 0) Add(_appended, changes, "kind", kind);
    }

    private void Add(Counter<long> counter, long count)
    {
        try
        {
            counter.Add(count);
        }
        catch (Exception exception)
        {
            _listeners.Failed(exception);
        }
    }

    private void Add(Counter<long> counter, long count, string tag, string value)
    {
        try
        {
            counter.Add(count, new KeyValuePair<string, object?>(tag, value));
        }
        catch (Exception exception)
        {
            _listeners.Failed(exception);
        }
    }

    private void Record<T>(Histogram<T> histogram, T value) where T : struct
    {
        try
        {
            histogram.Record(value);
        }
        catch (Exception exception)
        {
            _listeners.Failed(exception);
        }
    }
}
