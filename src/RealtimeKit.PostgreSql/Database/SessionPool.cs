using System.Collections.Concurrent;
using System.Diagnostics;

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
    private readonly ConcurrentStack<Session> _idle = new();
    private volatile bool _disposed;

    /// <summary>Runs <paramref name="body"/> on a session of its own.</summary>
    /// <exception cref="StoreUnavailableException">The database does not answer, or refuses for a reason that passes.</exception>
    public async ValueTask<T> RunAsync<T>(Func<Session, Task<T>> body, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgreSqlStore));
        var started = Stopwatch.GetTimestamp();
        if (!await _free.WaitAsync(timeout, cancellationToken).ConfigureAwait(false))
            throw new StoreUnavailableException($"{database.Name}: all {count} connections of the store were busy for {timeout.TotalSeconds} s.");
        var use = UseAsync(body);
        try
        {
            return await use.WaitAsync(timeout + Grace - Stopwatch.GetElapsedTime(started), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (Failures.IsUnavailable(error))
        {
            if (!use.IsCompleted) ForgetWhenItEnds(use);
            throw database.Unavailable(error);
        }
        finally
        {
            _free.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        while (_idle.TryPop(out var session)) await session.DisposeAsync().ConfigureAwait(false);
    }

    // Its caller has been told already; the session goes when the connection's own limit ends it.
    private static void ForgetWhenItEnds(Task use) => _ = use.ContinueWith(
        static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private async Task<T> UseAsync<T>(Func<Session, Task<T>> body)
    {
        var session = await TakeAsync().ConfigureAwait(false);
        var isSound = false;
        try
        {
            var result = await body(session).ConfigureAwait(false);
            isSound = true;
            return result;
        }
        finally
        {
            if (isSound && !_disposed && database.IsCurrent(session)) _idle.Push(session);
            else await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<Session> TakeAsync()
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
