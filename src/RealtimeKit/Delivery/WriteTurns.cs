using System.Collections.Concurrent;

namespace RealtimeKit.Delivery;

/// <summary>Something that has bytes to write.</summary>
internal interface IWriter
{
    /// <summary>When it asked for its turn, as a timestamp.</summary>
    long AskedAt { get; set; }

    /// <summary>Writes what waits, without waiting for a slow peer.</summary>
    /// <returns>About how many bytes the socket took at once.</returns>
    long Write();
}

/// <summary>
/// Lets the sessions that have something to send write it, in their order and a few at a time. Between two turns the thread
/// pool comes to the sockets, which then send what was written while it is still in the processor's cache; a thousand readers'
/// writes in a row would push each other out of it. Safe for concurrent use.
/// </summary>
/// <remarks>
/// How long a turn is waited for is the node's debt to its readers: it is processor time, for a socket that takes no bytes waits
/// elsewhere. While the debt is above <see cref="LongestWait"/>, whoever has something for all readers waits in
/// <see cref="WaitUntilPaidAsync"/>, and new connections in <see cref="WaitToArriveAsync"/>, so that no more is admitted than can be
/// delivered. The delay and not the length of the queue is what is bounded, as in CoDel (RFC 8289).
/// </remarks>
internal sealed class WriteTurns(TimeProvider time) : IThreadPoolWorkItem
{
    /// <summary>The wait for a turn above which nothing more is admitted.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    // Enough for many sessions with a message each, or for one or two that fill the pipe behind a socket.
    private const int BytesInTurn = 64 * 1_024;

    // A few after each turn: all at once would bring the debt back before it shows.
    private const int AdmittedInTurn = 4;

    private readonly ConcurrentQueue<IWriter> _waiting = new();
    private readonly ConcurrentQueue<TaskCompletionSource> _senders = new();
    private readonly ConcurrentQueue<TaskCompletionSource> _arrivals = new();
    private readonly long _longestWait = (long)(LongestWait.TotalSeconds * time.TimestampFrequency);
    private readonly int _mostWriters = Environment.ProcessorCount;
    private int _writers;
    private long _oldest;

    /// <summary>Asks for a turn.</summary>
    public void Enqueue(IWriter output)
    {
        output.AskedAt = time.GetTimestamp();
        if (_waiting.IsEmpty) Volatile.Write(ref _oldest, output.AskedAt);
        _waiting.Enqueue(output);
        AddWriter();
    }

    /// <summary>Whether readers wait too long for what was admitted already.</summary>
    public bool IsInDebt => !_senders.IsEmpty || WaitsTooLong;

    /// <summary>Waits until the readers have most of what was admitted before; those who came first go on first.</summary>
    public Task WaitUntilPaidAsync() => WaitAsync(_senders);

    /// <summary>The same for a new connection, whose sign-in costs processor time, too. Those who send do not wait behind a crowd of these.</summary>
    public Task WaitToArriveAsync() => WaitAsync(_arrivals);

    private Task WaitAsync(ConcurrentQueue<TaskCompletionSource> queue)
    {
        if (queue.IsEmpty && !WaitsTooLong) return Task.CompletedTask;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Enqueue(held);
        // The last turn may have ended meanwhile.
        AddWriter();
        return held.Task;
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var written = 0L; written < BytesInTurn && _waiting.TryDequeue(out var output);)
        {
            Volatile.Write(ref _oldest, output.AskedAt);
            written += output.Write();
        }

        Admit(_senders);
        Admit(_arrivals);
        Interlocked.Decrement(ref _writers);
        // Sessions may be left, or have asked while all writers were busy.
        if (!_waiting.IsEmpty || !_senders.IsEmpty || !_arrivals.IsEmpty) AddWriter();
    }

    private void Admit(ConcurrentQueue<TaskCompletionSource> queue)
    {
        for (var admitted = 0; admitted < AdmittedInTurn && !WaitsTooLong && queue.TryDequeue(out var held); admitted++) held.TrySetResult();
    }

    // Whoever waits asked after the one whose turn came last, so that this is at most too high by their distance.
    private bool WaitsTooLong => !_waiting.IsEmpty && time.GetTimestamp() - Volatile.Read(ref _oldest) > _longestWait;

    private void AddWriter()
    {
        // Read behind a fence: either this thread sees that a writer has ended, or the writer sees what waits.
        for (var writers = Interlocked.CompareExchange(ref _writers, 0, 0); writers < _mostWriters;)
        {
            var found = Interlocked.CompareExchange(ref _writers, writers + 1, writers);
            if (found == writers)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            writers = found;
        }
    }
}
