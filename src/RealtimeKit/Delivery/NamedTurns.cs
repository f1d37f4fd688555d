namespace RealtimeKit.Delivery;

/// <summary>Makes calls about the same name one after another, in their order, and those about different names at once. Safe for concurrent use.</summary>
internal sealed class NamedTurns
{
    private readonly Lock _gate = new();
    // The last call about each name of which one is under way.
    private readonly Dictionary<string, Task> _last = new(StringComparer.Ordinal);

    public Task RunAsync(string name, Func<string, ValueTask> call)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? before;
        lock (_gate)
        {
            before = _last.GetValueOrDefault(name);
            _last[name] = ended.Task;
        }

        return RunAfterAsync(before, name, call, ended);
    }

    private async Task RunAfterAsync(Task? before, string name, Func<string, ValueTask> call, TaskCompletionSource ended)
    {
        if (before is not null) await before.ConfigureAwait(false);
        try
        {
            await call(name).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                if (_last[name] == ended.Task) _last.Remove(name);
            }

            ended.SetResult();
        }
    }
}
