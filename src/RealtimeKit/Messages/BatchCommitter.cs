using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Messages;

/// <summary>
/// Gives batches to the store, one after another, and ends each of their appends. Where the store fails on a batch that it could reach, the
/// batch is tried by halves, the first half first, until only what cannot be stored is left.
/// </summary>
internal sealed partial class BatchCommitter(
    IMessageStore store, Distributor distributor, Repair repair, MessageObservers observers, MessageActivities activities, RealtimeMetrics metrics,
    StoreOutages outages, TimeProvider time, ILogger<BatchCommitter> logger)
{
    // All others wait meanwhile.
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(5);

    private long _began;
    private long _batches;

    /// <summary>How long the present batch has been under way.</summary>
    public TimeSpan Elapsed => Interlocked.Read(ref _began) is var began and not 0 ? time.GetElapsedTime(began) : TimeSpan.Zero;

    /// <summary>Commits a batch.</summary>
    /// <returns>Whether the store was within reach.</returns>
    public async Task<bool> CommitAsync(PendingAppend[] batch)
    {
        Interlocked.Exchange(ref _began, time.GetTimestamp());
        _batches++;
        foreach (var append in batch) append.JoinBatch(_batches);
        try
        {
            if (await TryCommitAsync(batch, found: null).ConfigureAwait(false) is not { } failure) return true;
            return failure is StoreUnavailableException outage ? Refuse(batch, outage) : await CommitByHalvesAsync(batch, failure).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Exchange(ref _began, 0);
        }
    }

    /// <summary>Ends the appends that were not ended before.</summary>
    /// <returns>How many these are.</returns>
    public int Fail(IReadOnlyCollection<PendingAppend> batch, Exception exception)
    {
        var failed = 0;
        foreach (var append in batch)
        {
            if (append.IsDecided) continue;
            failed++;
            append.IsDecided = true;
            activities.End(append.Activity, exception);
            Answer(append, exception, static (append, exception) => append.Fail(exception));
        }

        if (failed > 0) metrics.Failed(failed);
        return failed;
    }

    /// <summary>Ends the appends that were not ended before, because the store is out of reach.</summary>
    /// <returns>False: the store is not within reach.</returns>
    public bool Refuse(IReadOnlyCollection<PendingAppend> batch, StoreUnavailableException outage)
    {
        outages.Note(outage, Fail(batch, outage));
        return false;
    }

    private async Task<bool> CommitByHalvesAsync(PendingAppend[] batch, Exception failure)
    {
        var (began, refused, isInReach) = (time.GetTimestamp(), 0, true);
        // What the failed attempts did store, each once.
        var found = new HashSet<(string Channel, long Version)>();
        var left = new Stack<PendingAppend[]>();
        Push(batch, failure);
        while (left.TryPop(out var part))
        {
            var error = time.GetElapsedTime(began) < LongestSearch
                ? await TryCommitAsync(part, found).ConfigureAwait(false)
                : new StoreUnavailableException("The store fails on too many changes to try each: those left are refused for now.", failure);
            if (error is StoreUnavailableException outage)
            {
                isInReach = Refuse([.. part, .. left.SelectMany(static appends => appends)], outage);
                left.Clear();
            }
            else if (error is not null)
            {
                Push(part, error);
            }
        }

        AppendFailed(failure, refused, batch.Length);
        return isInReach;

        void Push(PendingAppend[] part, Exception error)
        {
            if (part.Length == 1)
            {
                refused += Fail(part, error);
                return;
            }

            left.Push(part[(part.Length / 2)..]);
            left.Push(part[..(part.Length / 2)]);
        }
    }

    /// <summary>Commits what nothing before it refuses.</summary>
    /// <param name="appends">The appends.</param>
    /// <param name="found">Null at the first attempt; later what earlier ones have stored.</param>
    /// <returns>What the store failed with; else all are ended.</returns>
    private async Task<Exception?> TryCommitAsync(PendingAppend[] appends, HashSet<(string Channel, long Version)>? found)
    {
        var waiting = Array.FindAll(appends, append => !IsRefused(append));
        if (waiting.Length == 0) return null;
        // The store's own from here on: a call that failed may still be reading it.
        var changes = Array.ConvertAll(waiting, static append => append.Change);
        var began = metrics.Now;
        var commit = activities.StartCommit(waiting.Select(static append => append.Activity), waiting.Length);
        IReadOnlyList<AppendResult> results;
        try
        {
            results = await store.AppendAsync(changes, CancellationToken.None).ConfigureAwait(false);
            if (results.Count != waiting.Length)
                throw new InvalidOperationException($"The store answered {results.Count} of {waiting.Length} changes.");
            if (results.Any(static result => result is { Outcome: AppendOutcome.Appended or AppendOutcome.Duplicate or AppendOutcome.Unchanged, Message: null }))
                throw new InvalidOperationException("The store reported a change without its message.");
        }
        catch (Exception exception)
        {
            activities.End(commit, exception);
            return exception;
        }

        metrics.Committed(changes, results, began);
        activities.End(commit);
        for (var i = 0; i < waiting.Length; i++) Finish(waiting[i], results[i], found);
        return null;
    }

    // After a refused change the later ones of its stream are refused, too, or the sender's retry would reorder them.
    private bool IsRefused(PendingAppend append)
    {
        if (!append.IsDecided && append.TryRefuse())
        {
            append.IsDecided = true;
            activities.End(append.Activity);
        }

        return append.IsDecided;
    }

    private void Finish(PendingAppend append, AppendResult result, HashSet<(string Channel, long Version)>? found)
    {
        append.IsDecided = true;
        if (append.IsToBeDecidedAgain(result))
        {
            append.IsStale = true;
            return;
        }

        activities.End(append.Activity, result.Outcome);
        metrics.Appended(append.Started);
        if (result.Message is { } message)
        {
            // An attempt that failed has stored it, and no observer or reader received it yet.
            var isNew = result.Outcome != AppendOutcome.Appended && found is not null
                && IsResultOf(append.Change, message) && found.Add((message.Channel, message.Version));
            Distribute(append, result, message, isNew);
            if (isNew) result = result with { Outcome = AppendOutcome.Appended };
        }

        Answer(append, result, static (append, result) => append.Complete(result));
    }

    private void Distribute(PendingAppend append, AppendResult result, Message message, bool isNew)
    {
        var position = new ChannelPosition(result.Epoch ?? "", message.Version);
        try
        {
            if (result.Outcome == AppendOutcome.Appended) distributor.Committed(append.Change, message, position, append.Activity?.Context ?? default);
            else distributor.Stored(message.Channel, position);
        }
        catch (Exception exception)
        {
            // It is stored, so it is acknowledged. Readers who did not receive it get it by the repair.
            repair.Now();
            ChangeNotDistributed(exception, append.Change.Channel);
        }

        if (isNew || result.Outcome == AppendOutcome.Appended) observers.Note(append.Change, message);
    }

    // By its time: a copy that was sent again has another. Of reactions, and of being unpinned, a message does not keep the times.
    private static bool IsResultOf(MessageChange change, Message message) => change switch
    {
        PostChange => message.Time == change.Time,
        EditChange => message.EditedAt == change.Time && message.DeletedAt is null,
        DeleteChange => message.DeletedAt == change.Time,
        PinChange { Remove: false } => message.PinnedAt == change.Time,
        _ => false,
    };

    private void Answer<T>(PendingAppend append, T with, Action<PendingAppend, T> answer)
    {
        try
        {
            answer(append, with);
        }
        catch (Exception exception)
        {
            ChangeNotAnswered(exception, append.Change.Channel);
        }
    }

    [LoggerMessage(6, LogLevel.Error, "The sender of a change of channel {Channel} could not be answered.")]
    private partial void ChangeNotAnswered(Exception exception, string channel);

    [LoggerMessage(3, LogLevel.Error, "A change of channel {Channel} was stored but could not be distributed; readers get it by the next repair.")]
    private partial void ChangeNotDistributed(Exception exception, string channel);

    [LoggerMessage(2, LogLevel.Error, "The store failed on a batch, which was then tried in parts: {Refused} of {Count} changes cannot be stored and are refused.")]
    private partial void AppendFailed(Exception exception, int refused, int count);
}
