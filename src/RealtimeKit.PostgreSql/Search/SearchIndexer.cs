using Microsoft.Extensions.Logging;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Index;

namespace RealtimeKit.PostgreSql.Search;

/// <summary>
/// Indexes in the background what was stored without an index: by an earlier version, or while searching was left out. Each channel says how far it
/// is indexed, so that the work goes on where it was after a failure or the end of the process, on whichever node.
/// </summary>
internal sealed partial class SearchIndexer(SessionPool calls, string database, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(10);

    // While nodes of an earlier version run, they store without an index.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuietInterval = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _isStarted;

    /// <summary>Begins; once for the store.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 1) return;
        using (ExecutionContext.SuppressFlow()) _running = Task.Run(RunAsync, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var failing = false;
        while (!_stop.IsCancellationRequested)
        {
            var pause = Interval;
            try
            {
                if (!await IndexAllAsync().ConfigureAwait(false)) pause = QuietInterval;
                failing = false;
            }
            catch (Exception error)
            {
                // Whatever it was, the next round tries again; one entry says so.
                if (!failing) IndexingFailed(error, database);
                failing = true;
            }

            await Task.Delay(pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> IndexAllAsync()
    {
        var total = await calls.RunAsync(SearchBacklog.CountAsync, CancellationToken.None).ConfigureAwait(false);
        if (total == 0) return false;
        IndexingBegins(database, total);
        if (total > SearchRows.PartSize) await calls.RunAsync(SearchBacklog.DivideAsync, CancellationToken.None).ConfigureAwait(false);
        var (done, told) = (0L, time.GetTimestamp());
        for (long? next = 0; next is not null;)
        {
            var after = next.Value;
            next = await calls.RunAsync(session => SearchBacklog.NextChannelAsync(session, after), CancellationToken.None).ConfigureAwait(false);
            while (next is { } channel)
            {
                if (_stop.IsCancellationRequested) return true;
                var indexed = await calls.RunAsync(session => SearchBacklog.IndexPieceAsync(session, channel), CancellationToken.None).ConfigureAwait(false);
                if (indexed == 0) break;
                done += indexed;
                if (time.GetElapsedTime(told) < ProgressInterval) continue;
                IndexingGoesOn(database, done, total);
                told = time.GetTimestamp();
            }
        }

        IndexingEnded(database, done);
        return true;
    }

    [LoggerMessage(3, LogLevel.Information, "{Database}: {Messages} messages are being indexed for searches, in the background. Searches find those that are indexed.")]
    private partial void IndexingBegins(string database, long messages);

    [LoggerMessage(4, LogLevel.Information, "{Database}: {Done} of {Messages} messages are indexed for searches.")]
    private partial void IndexingGoesOn(string database, long done, long messages);

    [LoggerMessage(5, LogLevel.Information, "{Database}: all messages are indexed for searches; {Done} were added.")]
    private partial void IndexingEnded(string database, long done);

    [LoggerMessage(6, LogLevel.Warning, "{Database}: messages could not be indexed for searches; trying again every minute.")]
    private partial void IndexingFailed(Exception exception, string database);
}
