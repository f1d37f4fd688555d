using System.Collections.Concurrent;

namespace RealtimeKit.PostgreSql.Database;

/// <summary>
/// A bounded set of sessions. Every call ends within the limit, whatever the server does: one that answers no more costs a
/// caller that time, and never another caller's connection for longer.
/// </summary>
internal sealed class SessionPool(PostgreSqlDatabase database, int count, TimeSpan timeout) : IAsyncDisposable
{
    // The server ends a statement at the timeout and says so; only where it says nothing does the caller's wait end it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _free = new(count, count);
    private readonly ConcurrentStack<DatabaseSession> _idle = new();
    private volatile bool _disposed;

    /// <summary>Runs <paramref name="body"/> on a session of its own.</summary>
    /// <exception cref="StoreUnavailableException">The database does not answer, or refuses for a reason that passes.</exception>
    public async ValueTask<T> RunAsync<T>(Func<DatabaseSession, Task<T>> body, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, database);
        if (!await _free.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
            throw new StoreUnavailableException($"{database.Name}: all {count} connections of the store were busy for {timeout.TotalSeconds} s.");
        var givenUp = new CancellationTokenSource();
        var use = UseAsync(body, givenUp);
        try
        {
            return await use.WaitAsync(timeout + Grace, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (Failures.IsUnavailable(error))
        {
            if (!use.IsCompleted)
            {
                await givenUp.CancelAsync().ConfigureAwait(false);
                ForgetWhenItEnds(use);
            }

            throw database.Unavailable(error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        while (_idle.TryPop(out var session)) await session.DisposeAsync().ConfigureAwait(false);
    }

    // Its caller has an exception already. No further statement begins, and the session's own limit ends one that is under way.
    private static void ForgetWhenItEnds(Task use) => _ = use.ContinueWith(
        static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    // A place is free again when the use has ended, not when its caller was given up: so there are never more sessions than places.
    private async Task<T> UseAsync<T>(Func<DatabaseSession, Task<T>> body, CancellationTokenSource givenUp)
    {
        try
        {
            var session = await TakeAsync().ConfigureAwait(false);
            var isSound = false;
            try
            {
                session.GivenUp = givenUp.Token;
                var result = await body(session).ConfigureAwait(false);
                isSound = true;
                return result;
            }
            catch (Exception error)
            {
                database.NoteFailure(session, error);
                throw;
            }
            finally
            {
                if (isSound && !_disposed && database.IsCurrent(session)) _idle.Push(session);
                else await session.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task<DatabaseSession> TakeAsync()
    {
        while (_idle.TryPop(out var session))
        {
            if (database.IsCurrent(session)) return session;
            await session.DisposeAsync().ConfigureAwait(false);
        }

        await database.MigrateAsync(CancellationToken.None).ConfigureAwait(false);
        return await database.OpenAsync().ConfigureAwait(false);
    }
}
