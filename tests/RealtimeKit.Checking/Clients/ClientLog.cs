using Microsoft.Extensions.Logging;
using RealtimeKit.Checking.Checks;

namespace RealtimeKit.Checking.Clients;

/// <summary>Hears what the client library logs: above all where it had to make good that a node broke its promise.</summary>
internal sealed class ClientLog(string name, Scene scene) : ILoggerFactory, ILogger
{
    // The library's own number for it.
    private const int StreamFault = 8;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        scene.Story.Tell($"{name}: {text}");
        if (eventId.Id == StreamFault) scene.Findings.Violate(Check.Order, $"{name} had to make good: {text}");
    }
}
