using System.Diagnostics;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Group commit: while one batch is being committed the next one gathers, so that a round trip and an fsync carry all
/// that came meanwhile, without a timer. What is appended passes in the order of its arrival.
/// </summary>
internal sealed partial class AppendQueue(
    IMessageStore store, Distributor distributor, Repair repair, MessageObservers observers, RealtimeMetrics metrics, StoreOutages outages, RealtimeOptions options, ILogger<AppendQueue> logger) : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingAppend> _waiting = new();
    private bool _running;

    /// <summary>How many changes wait for the next commit.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _waiting.Count;
        }
    }

    public void Enqueue(PendingAppend append)
    {
        append.Started = metrics.AppendStarts;
        Safely(static (append, _) => append.Activity = MessageActivities.StartAppend(append.Change), append, 0);
        lock (_gate)
        {
            _waiting.Enqueue(append);
            if (_running) return;
            _running = true;
        }

        // Not on this thread, so that changes which other connections have just sent can join the batch.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Appends one change and waits for what becomes of it.</summary>
    /// <exception cref="StoreUnavailableException">The store is out of reach.</exception>
    public Task<AppendResult> AppendAsync(MessageChange change, CancellationToken cancellationToken)
    {
        var append = new AwaitedAppend(change);
        Enqueue(append);
        return append.Task.WaitAsync(cancellationToken);
    }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        var batch = new List<PendingAppend>();
        var changes = new List<MessageChange>();
        while (TryTake(batch, changes))
        {
            await CommitAsync(batch, changes).ConfigureAwait(false);
            batch.Clear();
            changes.Clear();
        }
    }

    private bool TryTake(List<PendingAppend> batch, List<MessageChange> changes)
    {
        lock (_gate)
        {
            while (batch.Count < options.AppendBatchSize && _waiting.TryDequeue(out var append))
            {
                // After a refused change the later ones of its stream are refused, too, or the sender's retry would reorder them.
                if (append.TryRefuse())
                {
                    Safely(static (append, _) => append.Activity?.Dispose(), append, 0);
                    continue;
                }

                batch.Add(append);
                changes.Add(append.Change);
            }

            _running = batch.Count > 0;
            return _running;
        }
    }

    private async ValueTask CommitAsync(List<PendingAppend> batch, List<MessageChange> changes)
    {
        IReadOnlyList<AppendResult> results;
        var began = metrics.Now;
        Activity? commit = null;
        Safely((waiting, _) => commit = MessageActivities.StartCommit(waiting.Select(append => append.Activity), waiting.Count), batch, 0);
        try
        {
            results = await store.AppendAsync(changes, CancellationToken.None).ConfigureAwait(false);
            if (results.Count != changes.Count)
                throw new InvalidOperationException($"The store answered {results.Count} of {changes.Count} changes.");
            if (results.Any(static result => result is { Outcome: AppendOutcome.Appended or AppendOutcome.Duplicate or AppendOutcome.Unchanged, Message: null }))
                throw new InvalidOperationException("The store reported a change without its message.");
        }
        catch (Exception exception)
        {
            if (exception is StoreUnavailableException outage) outages.Note(outage, changes.Count);
            else AppendFailed(exception, changes.Count);
            repair.Doubt();
            Safely(static (metrics, failed) => metrics.Failed(failed), metrics, batch.Count);
            Safely(static (commit, error) => commit?.SetStatus(ActivityStatusCode.Error, error.GetType().Name).Dispose(), commit, exception);
            foreach (var append in batch)
            {
                Safely(static (append, exception) => MessageActivities.Fail(append.Activity, exception), append, exception);
                append.Fail(exception);
            }

            return;
        }

        Safely((committed, answers) => metrics.Committed(committed, answers, began), changes, results);
        if (batch[0].Started != 0)
            foreach (var append in batch) Safely(static (metrics, started) => metrics.Appended(started), metrics, append.Started);
        Safely(static (commit, _) => commit?.Dispose(), commit, 0);
        for (var i = 0; i < batch.Count; i++) Finish(batch[i], changes[i], results[i]);
    }

    private void Finish(PendingAppend append, MessageChange change, AppendResult result)
    {
        Safely(static (append, outcome) => MessageActivities.End(append.Activity, outcome), append, result.Outcome);
        if (result.Message is { } message) Tell(change, message, result, append.Activity?.Context ?? default);
        append.Complete(result);
    }

    private void Tell(MessageChange change, Message message, AppendResult result, ActivityContext trace)
    {
        var position = new ChannelPosition(result.Epoch ?? "", message.Version);
        try
        {
            if (result.Outcome != AppendOutcome.Appended)
            {
                distributor.Stored(change.Channel, position);
                return;
            }

            distributor.Committed(change, message, position, trace);
            observers.Note(change, message);
        }
        catch (Exception exception)
        {
            // It is stored, so it is acknowledged. Readers who did not receive it get it by the next repair.
            ChangeNotDistributed(exception, change.Channel);
        }
    }

    // The host's own listeners to metrics and traces may throw. That must not fail this message or those behind it.
    private void Safely<TOn, TWith>(Action<TOn, TWith> tell, TOn on, TWith with)
    {
        try
        {
            tell(on, with);
        }
        catch (Exception exception)
        {
            ListenerFailed(exception);
        }
    }

    [LoggerMessage(4, LogLevel.Error, "A listener to metrics or traces failed.")]
    private partial void ListenerFailed(Exception exception);

    [LoggerMessage(3, LogLevel.Error, "A change of channel {Channel} was stored but could not be distributed; readers get it by the next repair.")]
    private partial void ChangeNotDistributed(Exception exception, string channel);

    [LoggerMessage(2, LogLevel.Error, "The store failed on {Count} changes.")]
    private partial void AppendFailed(Exception exception, int count);
}

/// <summary>A change on its way into the store, and what to do when it is decided.</summary>
internal abstract class PendingAppend(MessageChange change)
{
    public MessageChange Change { get; } = change;

    /// <summary>When it came into the queue, if that is being measured, else 0.</summary>
    public long Started { get; set; }

    /// <summary>Its span, if somebody listens.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Ends it at once where one before it in its stream was refused.</summary>
    public virtual bool TryRefuse() => false;

    /// <summary>Called after the commit; returns at once and does not throw.</summary>
    public abstract void Complete(AppendResult result);

    /// <summary>Called where nothing was committed; returns at once and does not throw.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A change whose submitter waits for it.</summary>
internal sealed class AwaitedAppend(MessageChange change) : PendingAppend(change)
{
    private readonly TaskCompletionSource<AppendResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AppendResult> Task => _done.Task;

    public override void Complete(AppendResult result) => _done.TrySetResult(result);

    public override void Fail(Exception exception) => _done.TrySetException(exception);
}
