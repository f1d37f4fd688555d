namespace RealtimeKit.Delivery;

/// <summary>The node's time: a coarse clock that costs nothing to read, and the exact one. Safe for concurrent use.</summary>
internal sealed class NodeClock
{
    private long _now;

    public NodeClock(TimeProvider time)
    {
        Time = time;
        Tick();
    }

    public TimeProvider Time { get; }

    /// <summary>A coarse clock in milliseconds, advanced by the heartbeat; never 0. It follows timestamps, not the wall clock.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>The present time in whole milliseconds, the precision of messages and channels.</summary>
    public DateTimeOffset Timestamp
    {
        get
        {
            var now = Time.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        }
    }

    public void Tick() => Volatile.Write(ref _now, Math.Max(1, (long)Time.GetElapsedTime(0, Time.GetTimestamp()).TotalMilliseconds));
}
