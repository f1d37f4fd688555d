namespace RealtimeKit.Client;

/// <summary>Lets something pass at most once in an interval.</summary>
internal sealed class Throttle(TimeSpan interval, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _last;

    public bool TryPass()
    {
        lock (_gate)
        {
            if (_last is { } last && time.GetElapsedTime(last) < interval) return false;
            _last = time.GetTimestamp();
            return true;
        }
    }
}
