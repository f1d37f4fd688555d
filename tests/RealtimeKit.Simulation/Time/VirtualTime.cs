namespace RealtimeKit.Simulation.Time;

/// <summary>The clock of one process, or with none the clock of everything beside the processes.</summary>
/// <param name="scheduler">Where time passes.</param>
/// <param name="process">The process.</param>
/// <param name="wrong">How far its time of day is from the true one.</param>
internal sealed class VirtualTime(Scheduler scheduler, SimulatedProcess? process = null, TimeSpan wrong = default) : TimeProvider
{
    private static readonly DateTimeOffset Begin = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => scheduler.Now;

    public override DateTimeOffset GetUtcNow() => Begin + TimeSpan.FromTicks(scheduler.Now) + wrong;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private readonly Scheduler _scheduler = time.Scheduler;
        private int _version;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed) return false;
            Set(++_version, dueTime, period);
            return true;
        }

        public void Dispose()
        {
            _disposed = true;
            _version++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(int version, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            _scheduler.After(dueTime, time.Process, () =>
            {
                if (version != _version) return;
                if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero) Set(version, period, period);
                callback(state);
            });
        }
    }

    private Scheduler Scheduler => scheduler;

    private SimulatedProcess? Process => process;
}
