using Microsoft.Extensions.Logging;

namespace RealtimeKit.Diagnostics;

/// <summary>Takes what the host's listeners to metrics and traces throw: it is logged, and no message, reader or loop ends by it. Safe for concurrent use.</summary>
internal sealed partial class HostListeners(TimeProvider time, ILogger<HostListeners> logger)
{
    private readonly LogThrottle _throttle = new(time);

    /// <summary>Notes that a listener threw.</summary>
    public void Failed(Exception exception)
    {
        if (_throttle.Add() is var failures and > 0) ListenerFailed(exception, failures);
    }

    [LoggerMessage(4, LogLevel.Error, "A listener to metrics or traces failed, {Failures} times since this was last logged.")]
    private partial void ListenerFailed(Exception exception, int failures);
}
