using System.Collections.Concurrent;

namespace RealtimeKit;

/// <summary>Something that has bytes to write.</summary>
internal interface IWriter
{
    /// <summary>Writes what waits, without waiting for a slow peer.</summary>
    /// <returns>About how many bytes the socket took at once.</returns>
    long Write();
}

/// <summary>
/// Lets the sessions that have something to send write it, in their order and a few at a time. Between two turns the thread
/// pool comes to the sockets, which then send what was written while it is still in the processor's cache; a thousand readers'
/// writes in a row would push each other out of it. Safe for concurrent use.
/// </summary>
internal sealed class WriteTurns : IThreadPoolWorkItem
{
    // Enough for many sessions with a message each, or for one or two that fill the pipe behind a socket.
    private const int BytesInTurn = 64 * 1_024;

    private readonly ConcurrentQueue<IWriter> _waiting = new();
    private readonly int _mostWriters = Environment.ProcessorCount;
    private int _writers;

    /// <summary>Asks for a turn.</summary>
    public void Enqueue(IWriter output)
    {
        _waiting.Enqueue(output);
        AddWriter();
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var written = 0L; written < BytesInTurn && _waiting.TryDequeue(out var output);) written += output.Write();
        Interlocked.Decrement(ref _writers);
        // Sessions may be left, or have asked while all writers were busy.
        if (!_waiting.IsEmpty) AddWriter();
    }

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
