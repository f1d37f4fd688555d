using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// A bounded set of connections that read, beside the writer and without waiting for it. Each read is one transaction, so
/// that everything in it comes from the same moment.
/// </summary>
internal sealed class SqliteReaders(SqliteDatabase database, SqliteWriter writer, ReaderSlots slots) : IDisposable
{
    private readonly ConcurrentStack<SqliteSession> _idle = new();
    private volatile bool _ready;
    private volatile bool _disposed;

    /// <summary>Runs <paramref name="body"/> over one view of the database.</summary>
    /// <exception cref="StoreUnavailableException">The database does not answer, or other reads took too long.</exception>
    public async ValueTask<T> RunAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_ready)
        {
            await writer.OpenAsync(cancellationToken).ConfigureAwait(false);
            _ready = true;
        }

        if (!await slots.TryEnterAsync(cancellationToken).ConfigureAwait(false))
            throw new StoreUnavailableException(
                $"The database '{database.Name}' is too busy: no connection was free to read within {slots.Timeout.TotalSeconds:0.#} s. Is its disk slow?");
        try
        {
            return await Task.Run(() => Run(body), CancellationToken.None).ConfigureAwait(false);
        }
        catch (SqliteException error)
        {
            throw database.Failure(error);
        }
        finally
        {
            slots.Exit();
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
