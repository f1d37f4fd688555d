using System.Collections.Concurrent;

namespace RealtimeKit.Files;

/// <summary>
/// Which upload this node is writing. A client that comes again, because it lost its connection, ends the request that it has given up, which may not
/// know that yet. Safe for concurrent use.
/// </summary>
internal sealed class UploadTurns
{
    private readonly ConcurrentDictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Ends the present turn of an upload, if there is one, and waits for its end.</summary>
    public async Task InterruptAsync(string id, CancellationToken cancellationToken)
    {
        if (!_turns.TryGetValue(id, out var turn)) return;
        turn.Interrupt();
        await turn.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes the turn of an upload, after the one that has it.</summary>
    public async Task<Turn> TakeAsync(string id, CancellationToken cancellationToken)
    {
        var turn = new Turn(this, id);
        while (!_turns.TryAdd(id, turn)) await InterruptAsync(id, cancellationToken).ConfigureAwait(false);
        return turn;
    }

    /// <summary>A turn.</summary>
    internal sealed class Turn(UploadTurns turns, string id) : IDisposable
    {
        private readonly CancellationTokenSource _interrupted = new();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Another request wants it.</summary>
        public CancellationToken Interrupted => _interrupted.Token;

        public Task Ended => _ended.Task;

        // The source is not disposed of: it has no timer, and another request may interrupt it at any moment.
        public void Interrupt() => _interrupted.Cancel();

        public void Dispose()
        {
            turns._turns.TryRemove(id, out _);
            _ended.TrySetResult();
        }
    }
}
