using Microsoft.Extensions.Logging;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>Counts what clients had to make good because the server broke its promise.</summary>
internal sealed class FaultRecorder(Ledger ledger) : ILoggerFactory, ILogger
{
    // The client's own number for it.
    private const int StreamFault = 8;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _faults = new();

    public IEnumerable<string> Faults => _faults;

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
        ledger.Tell($"client: {text}");
        if (eventId.Id == StreamFault) _faults.Enqueue(text);
    }
}
