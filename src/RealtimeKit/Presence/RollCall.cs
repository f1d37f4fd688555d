namespace RealtimeKit.Presence;

/// <summary>The question of a node that begins to serve a channel: who is present on each other node? Done when all have answered.</summary>
internal sealed class RollCall(long began)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HashSet<Guid>? _waiting;

    /// <summary>When the channel began to be served, as a timestamp of the clock.</summary>
    public long Began { get; } = began;

    /// <summary>Ends when all have answered.</summary>
    public Task Done => _done.Task;

    /// <summary>Begins to wait for these.</summary>
    public void Begin(IEnumerable<Guid> nodes)
    {
        _waiting = [.. nodes];
        if (_waiting.Count == 0) _done.TrySetResult();
    }

    /// <summary>Notes that a node has answered, or is gone.</summary>
    /// <returns>Whether it was waited for.</returns>
    public bool Answer(Guid node)
    {
        if (_done.Task.IsCompleted || _waiting is null || !_waiting.Remove(node)) return false;
        if (_waiting.Count == 0) _done.TrySetResult();
        return true;
    }

    /// <summary>Waits no longer. Safe for concurrent use.</summary>
    public void End() => _done.TrySetResult();
}
