namespace RealtimeKit.Client;

/// <summary>Calls what the application gave: on a thread of the pool, and waits no longer than the caller wants.</summary>
internal static class ApplicationCode
{
    /// <summary>Calls it. An answer that comes when it is no longer waited for is disposed of.</summary>
    public static async Task<T> CallAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        // Not the caller's own token: what the application registers there may block, and nothing here waits for it.
        var given = new CancellationTokenSource();
        var answer = Task.Run(() => call(given.Token).AsTask(), CancellationToken.None);
        try
        {
            return await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = given.CancelAsync();
            _ = DropAsync(answer);
            throw;
        }
    }

    private static async Task DropAsync<T>(Task<T> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully && await late.ConfigureAwait(false) is IDisposable unused) unused.Dispose();
    }
}
