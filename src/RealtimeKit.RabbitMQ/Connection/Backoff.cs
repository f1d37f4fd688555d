namespace RealtimeKit.RabbitMQ.Connection;

/// <summary>
/// How long to wait before the next attempt: twice as long each time, up to a limit, and of that between half and all, so that
/// many nodes do not come at once.
/// </summary>
internal sealed class Backoff(TimeSpan longest)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    private TimeSpan _next = Shortest;

    public TimeSpan Next()
    {
        var delay = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = _next * 2 < longest ? _next * 2 : longest;
        return delay;
    }

    public void Reset() => _next = Shortest;
}
