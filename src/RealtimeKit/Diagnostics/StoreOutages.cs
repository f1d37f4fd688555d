using Microsoft.Extensions.Logging;

namespace RealtimeKit;

/// <summary>
/// Says that the store is out of reach, once in a while and not once for each of the thousands of changes and requests that an outage
/// refuses. Safe for concurrent use.
/// </summary>
internal sealed partial class StoreOutages(TimeProvider time, ILogger<StoreOutages> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long? _told;
    private int _refused;

    /// <summary>Notes that so many changes or requests were refused.</summary>
    public void Note(StoreUnavailableException exception, int count = 1)
    {
        int refused;
        lock (_gate)
        {
            _refused += count;
            if (_told is { } told && time.GetElapsedTime(told) < Pause) return;
            (_told, refused, _refused) = (time.GetTimestamp(), _refused, 0);
        }

        StoreUnavailable(exception, refused);
    }

    [LoggerMessage(1, LogLevel.Warning, "The store is unavailable; {Refused} changes, requests and reads were refused since this was last said. What was refused may be sent again, and is read again.")]
    private partial void StoreUnavailable(Exception exception, int refused);
}
