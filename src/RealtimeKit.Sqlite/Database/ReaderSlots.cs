namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// How many reads may run at the same time. Whoever waits is served first come first served, and not for ever; a
/// checkpoint takes all the slots for a moment, because a log that is being read cannot be begun anew.
/// </summary>
internal sealed class ReaderSlots(int count, TimeSpan timeout)
{
    // It serves those who wait asynchronously in their order, and nobody waits here in another way.
    private readonly SemaphoreSlim _free = new(count, count);

    /// <summary>How long a read waits at most.</summary>
    public TimeSpan Timeout => timeout;

    /// <summary>Waits for a slot.</summary>
    /// <returns>Whether there was one in time.</returns>
    public Task<bool> TryEnterAsync(CancellationToken cancellationToken) => _free.WaitAsync(timeout, cancellationToken);

    public void Exit() => _free.Release();

    /// <summary>Holds back new reads and waits for those under way.</summary>
    /// <returns>Whether they ended in time; where not, reads go on as before.</returns>
    public async Task<bool> TryPauseAsync(TimeSpan limit)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var held = 0; held < count; held++)
        {
            var left = limit - TimeProvider.System.GetElapsedTime(began);
            if (left > TimeSpan.Zero && await _free.WaitAsync(left, CancellationToken.None).ConfigureAwait(false)) continue;
            if (held > 0) _free.Release(held);
            return false;
        }

        return true;
    }

    public void Resume() => _free.Release(count);
}
