using Microsoft.Extensions.Logging;
using RealtimeKit.Diagnostics;

namespace RealtimeKit.Messages;

/// <summary>
/// Group commit: while one batch is being committed the next one gathers, so that a round trip and an fsync carry all
/// that came meanwhile, without a timer. What one user appends passes in the order of its arrival. Safe for concurrent use.
/// </summary>
internal sealed partial class AppendQueue(
    BatchCommitter committer, MessageActivities activities, RealtimeMetrics metrics, RealtimeOptions options, ILogger<AppendQueue> logger) : IThreadPoolWorkItem
{
    /// <summary>The most bytes of content that a batch carries: some hundred milliseconds of a slow line, far below a store's time-out.</summary>
    public const int MostBytes = 2 * 1_024 * 1_024;

    /// <summary>
    /// The bytes of content that wait for commits above which a user who has changes among them waits: eight full batches, while the store is
    /// slower than its senders. A user of whom nothing waits is let through, so that nobody is held up by another one.
    /// </summary>
    public const long MostWaitingBytes = 8 * MostBytes;

    // What the limit is never below, and by which it grows: a frame.
    private const int Step = 64 * 1_024;

    private readonly Lock _gate = new();
    private readonly WaitingAppends _waiting = new();
    private TaskCompletionSource? _room;
    private bool _running;
    private int _mostBytes = MostBytes;

    /// <summary>How many changes wait for the next commit.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _waiting.Count;
        }
    }

    /// <summary>The bytes of content that wait for a commit.</summary>
    public long WaitingBytes
    {
        get
        {
            lock (_gate) return _waiting.Bytes;
        }
    }

    /// <summary>Whether a user's next change may be enqueued at once.</summary>
    public bool HasRoomFor(string user)
    {
        // Without the lock, since every publish asks: where the number is just changing, one change more or less is let through.
        if (_waiting.Bytes <= MostWaitingBytes) return true;
        lock (_gate) return HasRoomForLocked(user);
    }

    /// <summary>Waits until the store has caught up somewhat, where there is no room for a user's next change.</summary>
    public Task WaitForRoomAsync(string user)
    {
        lock (_gate)
        {
            if (HasRoomForLocked(user)) return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    public void Enqueue(PendingAppend append)
    {
        append.Started = metrics.AppendStarts;
        append.Activity = activities.StartAppend(append.Change);
        lock (_gate)
        {
            _waiting.Add(append);
            if (_running) return;
            _running = true;
        }

        // Not on this thread, so that changes which other connections have just sent can join the batch.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Appends one change of a user and waits for what becomes of it.</summary>
    /// <exception cref="StoreUnavailableException">The store is out of reach.</exception>
    public Task<AppendResult> AppendAsync(string user, MessageChange change, CancellationToken cancellationToken)
    {
        var append = new AwaitedAppend(user, change);
        Enqueue(append);
        return append.Task.WaitAsync(cancellationToken);
    }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        var batch = new List<PendingAppend>();
        while (TryTake(batch))
        {
            try
            {
                var isInReach = await committer.CommitAsync([.. batch]).ConfigureAwait(false);
                Adapt(batch.Sum(static append => append.Bytes), isInReach);
            }
            catch (Exception exception)
            {
                // Whatever it was: those of this batch get an answer, and the next one is not kept waiting.
                BatchFailed(exception, batch.Count);
                committer.Fail(batch, exception);
            }

            if (batch.Exists(static append => append.IsStale))
            {
                foreach (var stale in batch.Where(static append => append.IsStale).GroupBy(static append => append.User, StringComparer.Ordinal).ToList())
                    _ = DecideAgainAsync(stale.Key, [.. stale]);
            }

            batch.Clear();
        }
    }

    // The user's later changes wait meanwhile, so that all pass in the order of their arrival.
    private async Task DecideAgainAsync(string user, List<PendingAppend> stale)
    {
        lock (_gate) _waiting.Hold(user);
        foreach (var append in stale) (append.IsStale, append.IsDecided) = (false, false);
        try
        {
            foreach (var append in stale) await append.DecideAgainAsync().ConfigureAwait(false);
        }
        catch (StoreUnavailableException outage)
        {
            // All of them: a sender begins again from the first that was refused, and nothing passes it.
            committer.Refuse(stale, outage);
        }
        catch (Exception exception)
        {
            DecisionFailed(exception, stale.Count);
            committer.Fail(stale, new StoreUnavailableException("Whether the changes are permitted could not be found out.", exception));
        }

        lock (_gate)
        {
            _waiting.Release(user, stale.FindAll(static append => !append.IsDecided));
            if (_running) return;
            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool TryTake(List<PendingAppend> batch)
    {
        lock (_gate)
        {
            _waiting.Fill(batch, options.AppendBatchSize, _mostBytes);
            if (_waiting.Bytes <= MostWaitingBytes)
            {
                _room?.TrySetResult();
                _room = null;
            }

            return _running = batch.Count > 0;
        }
    }

    private bool HasRoomForLocked(string user) => _waiting.Bytes <= MostWaitingBytes || !_waiting.Has(user);

    // A batch that took the store too long comes again: in halves, or it would never be stored. Small ones say nothing about the size.
    private void Adapt(int bytes, bool isInReach)
    {
        if (bytes > _mostBytes / 2) _mostBytes = isInReach ? Math.Min(_mostBytes + Step, MostBytes) : Math.Max(_mostBytes / 2, Step);
    }

    [LoggerMessage(7, LogLevel.Error, "Whether {Count} changes are still permitted could not be decided, after rights of their channel were taken; they are refused for now.")]
    private partial void DecisionFailed(Exception exception, int count);

    [LoggerMessage(5, LogLevel.Error, "A batch of {Count} changes failed by a fault of this node; those that were not stored before are refused.")]
    private partial void BatchFailed(Exception exception, int count);
}
