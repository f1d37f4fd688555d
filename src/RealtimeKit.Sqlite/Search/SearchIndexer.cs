using Microsoft.Extensions.Logging;
using RealtimeKit.Sqlite.Channels;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Search;

/// <summary>
/// Indexes in the background what was stored without an index: by an earlier version, or while searching was left out. Each channel says how far it
/// is indexed, so that the work goes on where it was after a failure or the end of the process.
/// </summary>
internal sealed partial class SearchIndexer(SqliteWriter writer, SqliteReaders readers, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private bool _isStarted;

    /// <summary>Begins; once for the store.</summary>
    public void Start()
    {
        if (_isStarted) return;
        _isStarted = true;
        using (ExecutionContext.SuppressFlow()) _loop = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Stops after the piece that is under way.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();
        _loop.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                await IndexAllAsync().ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                IndexingFailed(error);
                await Task.Delay(PauseAfterFailure, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task IndexAllAsync()
    {
        var total = await readers.RunAsync(SearchBacklog.Count, _stop.Token).ConfigureAwait(false);
        if (total == 0) return;
        IndexingBegins(total);
        var samples = await readers.RunAsync(SearchBacklog.Sample, _stop.Token).ConfigureAwait(false);
        await writer.RunAsync(session => SearchBacklog.Divide(session, samples), _stop.Token).ConfigureAwait(false);
        var (done, told, piece) = (0L, time.GetTimestamp(), new PieceSize(time));
        for (long? next = 0; next is not null;)
        {
            var after = next.Value;
            next = await readers.RunAsync(session => SearchBacklog.NextChannel(session, after), _stop.Token).ConfigureAwait(false);
            while (next is { } channel && await IndexPieceAsync(channel, piece).ConfigureAwait(false) is var indexed and > 0)
            {
                done += indexed;
                if (time.GetElapsedTime(told) < ProgressInterval) continue;
                IndexingGoesOn(done, total);
                told = time.GetTimestamp();
            }
        }

        IndexingEnded(done);
    }

    private async Task<long> IndexPieceAsync(long channel, PieceSize piece)
    {
        var rows = piece.Rows;
        var (indexed, began) = await writer.RunAsync(
            session =>
            {
                var began = time.GetTimestamp();
                return (SearchBacklog.IndexPiece(session, channel, rows), began);
            }, _stop.Token).ConfigureAwait(false);
        piece.Note(began);
        return indexed;
    }

    [LoggerMessage(2, LogLevel.Information, "{Messages} messages are being indexed for searches, in the background. Searches find those that are indexed.")]
    private partial void IndexingBegins(long messages);

    [LoggerMessage(3, LogLevel.Information, "{Done} of {Messages} messages are indexed for searches.")]
    private partial void IndexingGoesOn(long done, long messages);

    [LoggerMessage(4, LogLevel.Information, "All messages are indexed for searches; {Done} were added.")]
    private partial void IndexingEnded(long done);

    [LoggerMessage(5, LogLevel.Warning, "Messages could not be indexed for searches; the next try is in ten seconds, or when the store is opened again.")]
    private partial void IndexingFailed(Exception exception);
}
