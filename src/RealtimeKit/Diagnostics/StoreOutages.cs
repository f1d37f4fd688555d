using Microsoft.Extensions.Logging;

namespace RealtimeKit.Diagnostics;

/// <summary>
/// Logs that the store cannot be reached, at most every five seconds and not once for each of the thousands of requests that an outage
/// refuses. Safe for concurrent use.
/// </summary>
internal sealed partial class StoreOutages(TimeProvider time, ILogger<StoreOutages> logger)
{
    private readonly LogThrottle _throttle = new(time);

    /// <summary>Notes that so many changes or requests were refused.</summary>
    public void Note(StoreUnavailableException exception, int count = 1)
    {
        if (_throttle.Add(count) is var refused and > 0) StoreUnavailable(exception, refused);
    }

    [LoggerMessage(1, LogLevel.Warning, "The store is unavailable; {Refused} changes, requests and reads were refused since the last such entry. Clients send them again.")]
    private partial void StoreUnavailable(Exception exception, int refused);
}
