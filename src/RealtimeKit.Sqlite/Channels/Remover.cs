using Microsoft.Extensions.Logging;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>
/// Removes the rows of deleted channels in the background. What a failure or the process's end leaves is removed later:
/// after a pause, or when the store is opened again.
/// </summary>
internal sealed partial class Remover(SqliteWriter writer, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private bool _asked;
    private bool _running;

    /// <summary>Begins to remove what there is, or looks once more where it is at it.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _asked = true;
            if (_running || _stop.IsCancellationRequested) return;
            _running = true;
            _loop = Task.Run(RunAsync, CancellationToken.None);
        }
    }

    /// <summary>Stops after the piece that is under way.</summary>
    public void Dispose()
    {
        Task loop;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested) return;
            _stop.Cancel();
            loop = _loop;
        }

        loop.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (IsAsked())
        {
            try
            {
                await RemoveAllAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                RowsNotRemoved(error);
                await Task.Delay(PauseAfterFailure, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                lock (_gate) _asked = true;
            }
        }
    }

    private bool IsAsked()
    {
        lock (_gate)
        {
            _running = _asked && !_stop.IsCancellationRequested;
            _asked = false;
            return _running;
        }
    }

    private async Task RemoveAllAsync()
    {
        var piece = new PieceSize(time);
        while (true)
        {
            var rows = piece.Rows;
            var (more, began) = await writer.RunAsync(session => RemovePiece(session, rows), _stop.Token).ConfigureAwait(false);
            if (!more) return;
            piece.Note(began);
        }
    }

    private (bool More, long Began) RemovePiece(SqliteSession session, int rows)
    {
        var began = time.GetTimestamp();
        return (Discarded.RemovePiece(session, rows), began);
    }

    [LoggerMessage(1, LogLevel.Warning, "Rows of deleted channels could not be removed; the next try is in ten seconds, or when the store is opened again.")]
    private partial void RowsNotRemoved(Exception exception);
}
