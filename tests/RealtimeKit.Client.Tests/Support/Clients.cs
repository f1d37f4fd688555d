using Microsoft.Extensions.Logging;

namespace RealtimeKit.Client.Tests;

/// <summary>Clients as most tests want them: quick to come back.</summary>
internal static class Clients
{
    public static RealtimeClientOptions Options() => new()
    {
        ReconnectDelay = TimeSpan.FromMilliseconds(20),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(200),
    };

    public static RealtimeClient Make(Uri endpoint, Action<RealtimeClientOptions>? configure = null)
    {
        var options = Options();
        configure?.Invoke(options);
        return new RealtimeClient(endpoint, options);
    }

    public static Task UntilAsync(this RealtimeClient client, ConnectionStatus status) =>
        Eventually.TrueAsync(() => client.State.Status == status, $"the state becomes {status}, and is {client.State}");

    /// <summary>The next time that it has this state, which it may have left again by then.</summary>
    public static Task<ConnectionState> NextAsync(this RealtimeClient client, ConnectionStatus status)
    {
        var next = new TaskCompletionSource<ConnectionState>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StateChanged += (_, state) =>
        {
            if (state.Status == status) next.TrySetResult(state);
        };
        return next.Task.InTime();
    }

    /// <summary>Reads until as many updates came as asked for.</summary>
    public static async Task<List<ChannelUpdate>> TakeAsync(this RealtimeChannel channel, int count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Eventually.Deadline);
        var updates = new List<ChannelUpdate>();
        await foreach (var update in channel.ReadAsync(limit.Token))
        {
            updates.Add(update);
            if (updates.Count == count) break;
        }

        return updates;
    }

    /// <summary>Reads while the condition holds, the first update for which it does not included, or to the end of the stream.</summary>
    public static async Task<List<ChannelUpdate>> TakeWhileAsync(this RealtimeChannel channel, Func<ChannelUpdate, bool> goOn)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Eventually.Deadline);
        var updates = new List<ChannelUpdate>();
        await foreach (var update in channel.ReadAsync(limit.Token))
        {
            updates.Add(update);
            if (!goOn(update)) break;
        }

        return updates;
    }

    public static IEnumerable<long> Sequences(this IEnumerable<ChannelUpdate> updates) => updates.OfType<MessagePosted>().Select(posted => posted.Message.Sequence);
}

/// <summary>Keeps what is logged, to be asked for.</summary>
internal sealed class LogRecorder : ILoggerFactory, ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<(int Id, LogLevel Level, string Text)> _entries = new();

    public IEnumerable<(int Id, LogLevel Level, string Text)> Entries => _entries;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((eventId.Id, logLevel, formatter(state, exception)));
}
