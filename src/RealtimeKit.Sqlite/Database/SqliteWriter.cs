using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// The one connection that writes, by group commit: while one transaction is being committed the next gathers, so that one
/// fsync carries all that came meanwhile, of whatever kind. What a caller gets back is committed. It runs on the thread
/// pool, because SQLite blocks while it writes.
/// </summary>
internal sealed class SqliteWriter(SqliteDatabase database, ReaderSlots readers) : IDisposable
{
    // So many that an fsync is worth it, and so few that a message does not wait long for the marks of others.
    private const int MostWritesPerCommit = 256;
    private static readonly TimeSpan PauseOfOpening = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPauseOfReaders = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Queue<PendingWrite> _appends = new();
    private readonly Queue<PendingWrite> _waiting = new();
    private Task _loop = Task.CompletedTask;
    private bool _running;
    private bool _disposed;

    // Of the loop alone.
    private SqliteSession? _session;
    private Task _shortening = Task.CompletedTask;
    private long _logLimit = database.LogLimit;

    /// <summary>Opens the connection where it is not open, and with it makes or migrates the database.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => EnqueueAsync(_waiting, static _ => true, isBare: true, cancellationToken);

    /// <summary>As <see cref="RunAsync{T}"/>, and passes all that is not an append.</summary>
    /// <exception cref="StoreUnavailableException">Nothing is known to be stored.</exception>
    public Task<T> AppendAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken) =>
        EnqueueAsync(_appends, body, isBare: false, cancellationToken);

    /// <summary>
    /// Runs <paramref name="body"/> in a transaction, which it may share with others, and returns what it returned once
    /// that is durable. Where it throws, only what it did is undone. Once it has begun it is not cancelled.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing is known to be stored.</exception>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> body, CancellationToken cancellationToken) =>
        EnqueueAsync(_waiting, body, isBare: false, cancellationToken);

    /// <summary>Runs <paramref name="body"/> outside any transaction.</summary>
    public Task<T> RunBareAsync<T>(Func<SqliteSession, T> body) => EnqueueAsync(_waiting, body, isBare: true, CancellationToken.None);

    /// <summary>Finishes what waits and closes the connection.</summary>
    public void Dispose()
    {
        Task loop;
        lock (_gate)
        {
            _disposed = true;
            loop = _loop;
        }

        loop.GetAwaiter().GetResult();
        _session?.Dispose();
        _session = null;
    }

    private Task<T> EnqueueAsync<T>(Queue<PendingWrite> queue, Func<SqliteSession, T> body, bool isBare, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<T>(body, isBare, cancellationToken);
        lock (_gate)
        {
            if (_disposed) return Task.FromException<T>(new ObjectDisposedException(nameof(SqliteWriter)));
            queue.Enqueue(write);
            if (!_running) _loop = Task.Run(RunAsync, CancellationToken.None);
            _running = true;
        }

        return write.Task;
    }

    private async Task RunAsync()
    {
        var batch = new List<PendingWrite>();
        while (TryTake(batch))
        {
            // It is empty where all that was taken had been given up.
            if (batch.Count > 0) await CommitAsync(batch).ConfigureAwait(false);
            batch.Clear();
            if (_shortening.IsCompleted && database.LogBytes >= _logLimit) _shortening = ShortenLogAsync();
        }
    }

    private async Task CommitAsync(List<PendingWrite> batch)
    {
        try
        {
            var session = _session ??= await OpenSessionAsync().ConfigureAwait(false);
            if (batch[0].IsBare) batch[0].Run(session);
            else Commit(session, batch);
            foreach (var write in batch) write.Complete();
        }
        catch (SqliteException error) when (batch.Count > 1 && !SqliteDatabase.IsOutage(error))
        {
            // After a damaged page SQLite refuses whatever follows in the transaction: each alone, only the one that needs it fails.
            foreach (var write in batch.Where(static write => !write.IsAnswered)) await CommitAsync([write]).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            var failure = error is SqliteException failed ? database.Failure(failed) : error;
            foreach (var write in batch) write.Fail(failure);
        }
    }

    private bool TryTake(List<PendingWrite> batch)
    {
        lock (_gate)
        {
            while (batch.Count == 0 && _waiting.TryPeek(out var first) && first.IsBare) TakeLocked(_waiting, batch);
            var isBare = batch.Count > 0;
            // The other half is for what is no append, so that it is never passed for ever.
            while (!isBare && batch.Count < MostWritesPerCommit / 2 && _appends.Count > 0) TakeLocked(_appends, batch);
            while (!isBare && batch.Count < MostWritesPerCommit && _waiting.TryPeek(out var next) && !next.IsBare) TakeLocked(_waiting, batch);
            _running = batch.Count > 0 || _appends.Count > 0 || _waiting.Count > 0;
            return _running;
        }
    }

    private static void TakeLocked(Queue<PendingWrite> queue, List<PendingWrite> batch)
    {
        var write = queue.Dequeue();
        if (write.TryTake()) batch.Add(write);
    }

    // SQLite waits for other processes' locks, but not when two processes create the same file at once: one must start again.
    private async Task<SqliteSession> OpenSessionAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return database.OpenWriter();
            }
            catch (SqliteException error) when (
                error.SqliteErrorCode == raw.SQLITE_BUSY && TimeProvider.System.GetElapsedTime(began) < database.BusyTimeout)
            {
                await Task.Delay(PauseOfOpening).ConfigureAwait(false);
            }
            catch (SqliteException error)
            {
                throw database.Unavailable(error);
            }
        }
    }

    private void Commit(SqliteSession session, List<PendingWrite> batch)
    {
        try
        {
            session.Use("BEGIN IMMEDIATE").Execute();
            foreach (var write in batch) Apply(session, write);
            session.Use("COMMIT").Execute();
            if (session.InTransaction) throw new StoreUnavailableException($"The database '{database.Name}' did not commit.");
        }
        catch (Exception error)
        {
            Recover(session, error);
            throw;
        }
    }

    private void Apply(SqliteSession session, PendingWrite write)
    {
        session.Use("SAVEPOINT work").Execute();
        try
        {
            write.Run(session);
        }
        catch (Exception error) when (session.InTransaction && !(error is SqliteException failed && SqliteDatabase.EndsTransaction(failed)))
        {
            session.UndoWork();
            write.Fail(error is SqliteException refused ? database.Failure(refused) : error);
        }

        session.Use("RELEASE work").Execute();
    }

    // After what SQLite expects to happen the connection is as good as before; after anything else the next call opens another.
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

    // The checkpoints that SQLite makes by itself move pages, but the log begins anew only in a moment without readers. Writes go
    // on while that is waited for.
    private async Task ShortenLogAsync()
    {
        if (await readers.TryPauseAsync(LongestPauseOfReaders).ConfigureAwait(false))
        {
            try
            {
                await RunBareAsync(static session => session.Use("PRAGMA wal_checkpoint(TRUNCATE)").Scalar()).ConfigureAwait(false);
            }
            catch (Exception error) when (error is StoreUnavailableException or ObjectDisposedException)
            {
                // Nothing is lost by it: the log stays as it is, and the next commit meets the same trouble and reports it.
            }
            finally
            {
                readers.Resume();
            }
        }

        // Where a read took too long, or another process reads, the next try waits until the log has grown further.
        var left = database.LogBytes;
        _logLimit = left < database.LogLimit ? database.LogLimit : left + (database.LogLimit / 4);
    }
}
