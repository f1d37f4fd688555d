using Microsoft.Extensions.Logging;

namespace RealtimeKit.Diagnostics;

/// <summary>
/// The host's loggers as the engine uses them: what they throw is counted and goes no further, because no message, connection or loop
/// may end by a line that could not be written. Safe for concurrent use.
/// </summary>
internal sealed class GuardedLoggers(ILoggerFactory inner) : ILoggerFactory
{
    private long _failures;

    /// <summary>How many entries could not be logged.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    public ILogger CreateLogger(string categoryName) => new Guarded(inner.CreateLogger(categoryName), this);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The factory within is the host's.
    }

    private sealed class Guarded(ILogger inner, GuardedLoggers all) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel)
        {
            try
            {
                return inner.IsEnabled(logLevel);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref all._failures);
                return false;
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref all._failures);
            }
        }
    }
}
