using Microsoft.Extensions.Logging;

namespace RealtimeKit;

/// <summary>
/// Logs that the store cannot be reached, at most every five seconds and not once for each of the thousands of requests that an outage
/// refuses. Safe for concurrent use.
/// </summary>
internal sealed partial class StoreOutages(TimeProvider time, ILogger<StoreOutages> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long? _loggedAt;
    private int _refused;

    /// <summary>Notes that so many changes or requests were refused.</summary>
    public void Note(StoreUnavailableException exception, int count = 1)
    {
        int refused;
        lock (_gate)
        {
            _refused += count;
            if (_loggedAt is { } logged && time.GetElapsedTime(logged) < Pause) return;
            (_loggedAt, refused, _refused) = (time.GetTimestamp(), _refused, 0);
        }

        StoreUnavailable(exception, refused);
    }

    [LoggerMessage(1, LogLevel.Warning, "The store is unavailable; {Refused} changes, requests and reads were refused since the last such entry. Clients send them again.")]
    private partial void StoreUnavailable(Exception exception, int refused);
}
