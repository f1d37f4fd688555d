namespace RealtimeKit.Simulation.Time;

/// <summary>
/// Virtual time: a queue of what is to happen, and a clock that jumps to the next of it when nothing is left to be done. The process
/// has one thread for all work (see the project file), so that the order of everything follows from the order of this queue.
/// What falls on one moment comes in an order that the seed decides.
/// </summary>
internal sealed class Scheduler(int seed) : IThreadPoolWorkItem
{
    // Far beyond what a trial takes; a loop without an end is a finding.
    private const long MostEvents = 5_000_000;
    private readonly PriorityQueue<(SimulatedProcess? Process, Action Action), (long At, int Order, long Number)> _queue = new();
    private readonly Random _random = new(seed);
    private TaskCompletionSource _over = new();
    private Task _work = Task.CompletedTask;
    private long _limit;
    private long _number;

    /// <summary>Now, in ticks from the beginning.</summary>
    public long Now { get; private set; }

    /// <summary>How much has happened.</summary>
    public long Events { get; private set; }

    /// <summary>A number that differs where anything happened otherwise.</summary>
    public ulong Digest { get; private set; } = 14_695_981_039_346_656_037;

    public void After(TimeSpan delay, SimulatedProcess? process, Action action) => At(Now + Math.Max(0, delay.Ticks), process, action);

    /// <summary>Does something at a time, and not while its process stands still; never where that is dead by then.</summary>
    public void At(long time, SimulatedProcess? process, Action action) =>
        _queue.Enqueue((process, action), (Math.Max(time, Now), _random.Next(), _number++));

    /// <summary>Takes something that happened into the digest.</summary>
    public void Note(long what) => Digest = (Digest ^ (ulong)what) * 1_099_511_628_211;

    /// <summary>Runs what is given, and all that follows from it, until its end.</summary>
    /// <exception cref="TimeoutException">It does not end within the limit, in virtual time, or without end at one moment.</exception>
    public async Task RunAsync(Func<Task> work, TimeSpan limit)
    {
        _limit = limit.Ticks;
        _over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work = Task.CompletedTask;
        At(0, null, () => _work = work());
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        await _over.Task;
        await _work;
    }

    void IThreadPoolWorkItem.Execute()
    {
        // What is queued is done first; then time goes on.
        if (ThreadPool.PendingWorkItemCount == 0 && !Step()) return;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool Step()
    {
        if (Events > 0 && _work.IsCompleted)
        {
            _over.SetResult();
            return false;
        }

        if (!_queue.TryDequeue(out var next, out var when) || when.At > _limit || ++Events > MostEvents)
        {
            _over.SetException(new TimeoutException($"The trial did not end within {TimeSpan.FromTicks(Now)} of virtual time and {Events} events."));
            return false;
        }

        Now = when.At;
        Note(Now);
        if (next.Process is { } process) process.Do(next.Action);
        else next.Action();
        return true;
    }
}
