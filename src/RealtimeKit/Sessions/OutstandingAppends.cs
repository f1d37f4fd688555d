namespace RealtimeKit.Sessions;

/// <summary>Counts a session's publishes that are under way, and lets others wait for them.</summary>
internal sealed class OutstandingAppends
{
    /// <summary>The most publishes of one connection under way; above it nothing more is read from the connection.</summary>
    public const int Most = 256;

    /// <summary>The most bytes of their frames.</summary>
    public const int MostBytes = 1_024 * 1_024;

    private readonly Lock _gate = new();
    private int _count;
    private int _bytes;
    private List<Waiter>? _waiters;

    public bool IsEmpty
    {
        get
        {
            lock (_gate) return _count == 0;
        }
    }

    /// <summary>Counts one more unless there are too many, in number or in bytes.</summary>
    public bool TryAdd(int bytes)
    {
        lock (_gate)
        {
            if (_count >= Most || (_count > 0 && _bytes + bytes > MostBytes)) return false;
            _count++;
            _bytes += bytes;
            return true;
        }
    }

    public void Remove(int bytes)
    {
        lock (_gate)
        {
            _count--;
            _bytes -= bytes;
            _waiters?.RemoveAll(waiter => _count <= waiter.Most && waiter.Done.TrySetResult());
        }
    }

    /// <summary>Ends when all are decided and answered.</summary>
    public Task DrainedAsync() => WaitAsync(0);

    /// <summary>Ends when half of those under way are decided.</summary>
    public Task RoomAsync()
    {
        lock (_gate) return WaitAsync(_count / 2);
    }

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
