namespace RealtimeKit.Diagnostics;

/// <summary>Counts what may happen thousands of times in a second, so that it is logged once in a while with its number. Safe for concurrent use.</summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long? _logged;
    private int _count;

    /// <summary>Counts so many more.</summary>
    /// <returns>How many there were since it was last logged, if it is to be logged now; else 0.</returns>
    public int Add(int count = 1)
    {
        lock (_gate)
        {
            _count += count;
            if (_logged is { } logged && time.GetElapsedTime(logged) < Pause) return 0;
            (_logged, count, _count) = (time.GetTimestamp(), _count, 0);
            return count;
        }
    }
}
