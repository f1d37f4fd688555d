namespace RealtimeKit.Checking.Clients;

/// <summary>When clients may do the next thing: after a random time, and not while the run looks at them.</summary>
internal sealed class Pace(double actionsPerSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _open = Closed(open: true);

    public void Pause()
    {
        lock (_gate)
            if (_open.Task.IsCompleted) _open = Closed(open: false);
    }

    public void Resume()
    {
        lock (_gate) _open.TrySetResult();
    }

    /// <summary>Ends when the next thing may be done; false where the run is over.</summary>
    public async Task<bool> TurnAsync(Random random, int actions, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble() * actions / actionsPerSecond), time, stop);
            Task open;
            lock (_gate) open = _open.Task;
            await open.WaitAsync(stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static TaskCompletionSource Closed(bool open)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (open) source.SetResult();
        return source;
    }
}
