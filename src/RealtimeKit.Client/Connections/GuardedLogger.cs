using Microsoft.Extensions.Logging;

namespace RealtimeKit.Client;

/// <summary>The application's logger, whose own failure must not end the connection: there is nowhere to report it.</summary>
internal sealed class GuardedLogger(ILogger logger) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
#pragma warning disable CA1031 // The logger is the application's.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
#pragma warning disable CA1031 // The logger is the application's.
        catch (Exception)
#pragma warning restore CA1031
        {
            // Nowhere is left to report it.
        }
    }
}
