using System.Collections.Concurrent;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;

namespace RealtimeKit.Tests.Engine;

/// <summary>A real store whose appends fail or are held as a test says.</summary>
internal sealed class FaultyStore(InMemoryStore inner) : IMessageStore
{
    /// <summary>Asked before each append: whether the store is out of reach.</summary>
    public Func<bool> IsAway { get; set; } = () => false;

    /// <summary>What becomes of the answer to each append.</summary>
    public Func<IReadOnlyList<AppendResult>, IReadOnlyList<AppendResult>> Answer { get; set; } = results => results;

    /// <summary>Called with what each append was given; what it throws is the append's end.</summary>
    public Func<IReadOnlyList<MessageChange>, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>What each append waits for before it begins.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        await Hold;
        await Before(changes);
        return IsAway()
            ? throw new StoreUnavailableException("The test took the store away.")
            : Answer(await inner.AppendAsync(changes, cancellationToken));
    }

    private int _changeReads;

    /// <summary>How often changes were read.</summary>
    public int ChangeReads => Volatile.Read(ref _changeReads);

    /// <summary>What each reading of changes waits for.</summary>
    public Func<Task> HoldChanges { get; set; } = () => Task.CompletedTask;

    /// <summary>Whether the reading of changes fails by a fault of the store's own.</summary>
    public bool FailsReading { get; set; }

    public async ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _changeReads);
        await HoldChanges();
        return FailsReading
            ? throw new InvalidOperationException("The test's own.") : await inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken);
    }

    /// <summary>What each reading of history waits for, and who is told that one waits.</summary>
    public (Task Until, TaskCompletionSource Waits) HoldHistory { get; set; } = (Task.CompletedTask, new TaskCompletionSource());

    public async ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        HoldHistory.Waits.TrySetResult();
        await HoldHistory.Until;
        return await inner.ReadHistoryAsync(query, cancellationToken);
    }

    /// <summary>How many channels each query for heads asked for.</summary>
    public ConcurrentQueue<int> HeadQueries { get; } = new();

    /// <summary>Whether heads are out of reach.</summary>
    public bool HeadsAreAway { get; set; }

    /// <summary>What each query for heads waits for, and who is told that one waits.</summary>
    public (Task Until, TaskCompletionSource Waits) HoldHeads { get; set; } = (Task.CompletedTask, new TaskCompletionSource());

    public async ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken)
    {
        HeadQueries.Enqueue(channels.Count);
        HoldHeads.Waits.TrySetResult();
        await HoldHeads.Until;
        return HeadsAreAway
            ? throw new StoreUnavailableException("The test took the heads away.")
            : await inner.ReadHeadsAsync(channels, cancellationToken);
    }
}
