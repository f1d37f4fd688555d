using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// A bounded set of connections that read, beside the writer and without waiting for it. Each read is one transaction, so
/// that everything in it comes from the same moment.
/// </summary>
internal sealed class SqliteReaders(SqliteDatabase database, SqliteWriter writer, int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count, count);
    private readonly ConcurrentStack<SqliteSession> _idle = new();
    private volatile bool _ready;
    private volatile bool _disposed;

    /// <summary>Runs <paramref name="body"/> over one view of the database.</summary>
    /// <exception cref="StoreUnavailableException">The database does not answer.</exception>
    public async ValueTask<T> RunAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
        if (!_ready)
        {
            await writer.OpenAsync(cancellationToken).ConfigureAwait(false);
            _ready = true;
        }

        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Run(body), CancellationToken.None).ConfigureAwait(false);
        }
        catch (SqliteException error)
        {
            throw database.Unavailable(error);
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryPop(out var session)) session.Dispose();
    }

    private T Run<T>(Func<SqliteSession, T> body)
    {
        if (!_idle.TryPop(out var session)) session = database.OpenReader();
        var isSound = false;
        try
        {
            session.Use("BEGIN").Execute();
            var result = body(session);
            session.Use("COMMIT").Execute();
            isSound = true;
            return result;
        }
        finally
        {
            if (isSound && !_disposed) _idle.Push(session);
            else session.Dispose();
        }
    }
}
