namespace RealtimeKit;

/// <summary>Counts a session's publishes that are under way, and lets others wait for them.</summary>
internal sealed class OutstandingAppends
{
    /// <summary>The most publishes of one connection under way; above it nothing more is read from the connection.</summary>
    public const int Most = 256;

    private readonly Lock _gate = new();
    private int _count;
    private List<Waiter>? _waiters;

    public bool IsEmpty
    {
        get
        {
            lock (_gate) return _count == 0;
        }
    }

    /// <summary>Counts one more unless there are too many.</summary>
    public bool TryAdd()
    {
        lock (_gate)
        {
            if (_count >= Most) return false;
            _count++;
            return true;
        }
    }

    public void Remove()
    {
        lock (_gate)
        {
            _count--;
            _waiters?.RemoveAll(waiter => _count <= waiter.Most && waiter.Done.TrySetResult());
        }
    }

    /// <summary>Ends when all are decided and answered.</summary>
    public Task DrainedAsync() => WaitAsync(0);

    /// <summary>Ends when there is room for more.</summary>
    public Task RoomAsync() => WaitAsync(Most / 2);

    private Task WaitAsync(int most)
    {
        lock (_gate)
        {
            if (_count <= most) return Task.CompletedTask;
            var waiter = new Waiter(most, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            (_waiters ??= []).Add(waiter);
            return waiter.Done.Task;
        }
    }

    private readonly record struct Waiter(int Most, TaskCompletionSource Done);
}
