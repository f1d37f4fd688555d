using Microsoft.Extensions.Logging;
using RealtimeKit.Checking.History;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>Puts what a node logs into the story.</summary>
internal sealed class NodeLog(int node, Story story) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public bool IsEnabled(LogLevel logLevel) => story.IsTold && logLevel >= LogLevel.Information;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) story.Tell($"node {node}: {formatter(state, exception)} {exception}");
    }
}
