using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>What the suites of a store share: a fresh store for each test, and its end.</summary>
public abstract class StoreConformance : IAsyncLifetime
{
    private readonly List<StoreUnderTest> _others = [];
    private StoreUnderTest? _store;

    /// <summary>The log of the store under test.</summary>
    protected IMessageStore Messages => _store!.Messages;

    /// <summary>The directory of the store under test.</summary>
    protected IChannelStore Channels => _store!.Channels;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Makes an empty store, ready for use.</summary>
    protected abstract ValueTask<StoreUnderTest> CreateAsync();

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync() => _store = await CreateAsync();

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var other in _others)
        {
            if (other.Cleanup is { } cleanupOther) await cleanupOther();
        }

        if (_store?.Cleanup is { } cleanup) await cleanup();
    }

    /// <summary>A second node over the same storage.</summary>
    private protected async Task<StoreUnderTest> AnotherNodeAsync()
    {
        if (_store!.Another is not { } another) return _store;
        var other = await another();
        _others.Add(other);
        return other;
    }

    /// <summary>Tries again while the storage is busy with the other node, up to a minute.</summary>
    private protected static async Task<T> UntilAvailableAsync<T>(Func<Task<T>> call)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (StoreUnavailableException) when (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(1))
            {
                Cancel.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Makes a call and cancels it at some moment around its beginning.</summary>
    private protected static async Task GiveUpAsync(Random random, Func<CancellationToken, Task> call)
    {
        const int longest = 20_000;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var calling = Task.Run(() => call(cancellation.Token), Cancel);
        Thread.SpinWait(random.Next(longest));
        await cancellation.CancelAsync();
        try
        {
            await calling;
        }
        catch (Exception error) when (error is OperationCanceledException or StoreUnavailableException)
        {
            Cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Runs a test while others' calls keep the store busy, so that a call may have to wait before it begins.</summary>
    private protected async Task WhileBusyAsync(Func<Task> test)
    {
        const int callers = 12;
        await NewChannelAsync("busy");
        using var stop = new CancellationTokenSource();
        Task[] busy = [.. Enumerable.Range(0, callers).SelectMany(caller => (Task[])[
            Task.Run(() => RepeatAsync(() => Messages.AppendAsync([Sample.Post("busy", "x")], Cancel).AsTask()), Cancel),
            Task.Run(() => RepeatAsync(() => Channels.ApplyAsync(new JoinChange("busy", $"user{caller}"), Cancel).AsTask()), Cancel),
        ])];
        try
        {
            await test();
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(busy);
        }

        async Task RepeatAsync<T>(Func<Task<T>> call)
        {
            // A store that answers without waiting does not keep the threads from the test.
            for (; !stop.IsCancellationRequested; await Task.Yield()) await UntilAvailableAsync(call);
        }
    }

    private protected async Task<ChannelDriver> NewChannelAsync(string name = "lobby", params string[] members)
    {
        var created = await Channels.CreateAsync(Sample.Channel(name, "ann", members), Cancel);
        Assert.Equal(CreateOutcome.Created, created.Outcome);
        return new ChannelDriver(Messages, name);
    }

    /// <summary>A random generator whose seed is told with the test's output.</summary>
    private protected static Random NewRandom()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}

/// <summary>A store for one test.</summary>
/// <param name="Messages">Its log.</param>
/// <param name="Channels">Its directory, over the same channels.</param>
/// <param name="Cleanup">Called at the end of the test.</param>
public sealed record StoreUnderTest(IMessageStore Messages, IChannelStore Channels, Func<ValueTask>? Cleanup = null)
{
    /// <summary>
    /// Opens the store of another node over the same storage; its cleanup is called before this one's.
    /// <see langword="null"/> (the default) where nodes share one object: then both nodes of a test are this one.
    /// </summary>
    public Func<ValueTask<StoreUnderTest>>? Another { get; init; }
}
