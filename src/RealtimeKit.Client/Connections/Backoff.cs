namespace RealtimeKit.Client;

/// <summary>
/// Exponential backoff with full jitter: a wait chosen evenly between zero and a bound that doubles with each attempt, so
/// that many clients which lost one server do not come back in step. (Marc Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015: <c>sleep = random_between(0, min(cap, base * 2 ** attempt))</c>.)
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan cap, Random random)
{
    private int _attempt;

    public TimeSpan Next()
    {
        // Beyond this the bound is the cap whatever the first wait is, and the power would overflow.
        const int highest = 40;
        var bound = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, _attempt));
        if (_attempt < highest) _attempt++;
        return TimeSpan.FromMilliseconds(random.NextDouble() * bound);
    }

    public void Reset() => _attempt = 0;
}
