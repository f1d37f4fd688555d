using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// The one connection that writes: one transaction at a time, on the thread pool, because SQLite blocks while it writes.
/// What a caller gets back is committed. Any failure before that undoes the transaction and throws.
/// </summary>
internal sealed class SqliteWriter(SqliteDatabase database) : IDisposable
{
    private static readonly TimeSpan PauseOfOpening = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private SqliteSession? _session;
    private bool _disposed;

    /// <summary>Opens the connection where it is not open, and with it makes or migrates the database.</summary>
    public ValueTask OpenAsync(CancellationToken cancellationToken) => new(EnterAsync(_ => true, cancellationToken));

    /// <summary>Runs <paramref name="body"/> in a transaction and returns what it returned once that is durable.</summary>
    /// <exception cref="StoreUnavailableException">Nothing is known to be stored.</exception>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken) =>
        EnterAsync(session => InTransaction(session, body), cancellationToken);

    /// <summary>Runs <paramref name="body"/> outside any transaction.</summary>
    public Task<T> RunBareAsync<T>(Func<SqliteSession, T> body) => EnterAsync(body, CancellationToken.None);

    public void Dispose()
    {
        _gate.Wait();
        try
        {
            _disposed = true;
            _session?.Dispose();
            _session = null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<T> EnterAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
            var session = _session ??= await OpenSessionAsync().ConfigureAwait(false);
            return await Task.Run(() => body(session), CancellationToken.None).ConfigureAwait(false);
        }
        catch (SqliteException error)
        {
            throw database.Unavailable(error);
        }
        finally
        {
            _gate.Release();
        }
    }

    // SQLite waits for other processes' locks, but not when two processes create the same file at once: one must start again.
    private async Task<SqliteSession> OpenSessionAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await Task.Run(database.OpenWriter).ConfigureAwait(false);
            }
            catch (SqliteException error) when (
                error.SqliteErrorCode == raw.SQLITE_BUSY && TimeProvider.System.GetElapsedTime(began) < database.BusyTimeout)
            {
                await Task.Delay(PauseOfOpening).ConfigureAwait(false);
            }
        }
    }

    private T InTransaction<T>(SqliteSession session, Func<SqliteSession, T> body)
    {
        try
        {
            session.Use("BEGIN IMMEDIATE").Execute();
            var result = body(session);
            session.Use("COMMIT").Execute();
            if (session.InTransaction) throw new StoreUnavailableException($"The database '{database.Name}' did not commit.");
            return result;
        }
        catch (Exception error)
        {
            Recover(session, error);
            throw;
        }
    }

    // After an expected failure the connection is still usable; after any other the next call opens a new one.
    private void Recover(SqliteSession session, Exception error)
    {
        var isExpected = error is not SqliteException failure
            || failure.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL or raw.SQLITE_CONSTRAINT;
        try
        {
            session.Rollback();
            if (isExpected) return;
        }
        catch (SqliteException)
        {
            // Closing it undoes the transaction as well.
        }

        session.Dispose();
        _session = null;
    }
}
