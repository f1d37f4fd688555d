using Microsoft.Extensions.Logging;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Removes the rows of deleted channels in the background: what this node has deleted at once, and what another node has left
/// behind at the start and at every interval. Safe for concurrent use.
/// </summary>
internal sealed partial class Removal(SessionPool calls, string database, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>How long what another node has left may stay.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _due = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private bool _disposed;

    /// <summary>Looks for rows to remove, now and from now on.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _due.TrySetResult();
            // Not within the caller's context: the work outlives the call.
            if (_running is null)
                using (ExecutionContext.SuppressFlow()) _running = Task.Run(RunAsync, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? running;
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            running = _running;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        if (running is not null) await running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var failing = false;
        while (!_stop.IsCancellationRequested)
        {
            var due = Next();
            try
            {
                // A piece that has begun is finished: its outcome is the database's.
                while (!_stop.IsCancellationRequested && await calls.RunAsync(Discarded.RemovePieceAsync, CancellationToken.None).ConfigureAwait(false))
                {
                }

                failing = false;
            }
            catch (Exception error)
            {
                // Whatever it was, the next round tries again; one entry says so.
                if (!failing) RemovalFailed(error, database);
                failing = true;
            }

            await WaitAsync(due).ConfigureAwait(false);
        }
    }

    private Task Next()
    {
        lock (_gate)
        {
            if (_due.Task.IsCompleted) _due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _due.Task;
        }
    }

    private async Task WaitAsync(Task due)
    {
        try
        {
            await due.WaitAsync(Interval, time, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            // The interval is over, or the store ends.
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "{Database}: rows of deleted channels could not be removed; trying again every minute.")]
    private partial void RemovalFailed(Exception exception, string database);
}
