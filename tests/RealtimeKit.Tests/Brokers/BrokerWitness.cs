using System.Text;
using RealtimeKit.Brokers;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Writes down what a broker tells a node, and lets a test wait for it.</summary>
internal sealed class BrokerWitness : IBrokerReceiver
{
    // Only to end a test that would otherwise never end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly List<(string Channel, string Text)> _received = [];
    private readonly HashSet<string> _publishesLost = [];
    private TaskCompletionSource _more = Source();
    private int _lost;
    private int _regained;

    public int Lost => Volatile.Read(ref _lost);

    public int Regained => Volatile.Read(ref _regained);

    public bool IsWhole => Lost == Regained;

    /// <summary>Closed, it makes the node slow to take in.</summary>
    public ManualResetEventSlim Gate { get; } = new(true);

    /// <summary>The channels to which a publication was lost.</summary>
    public IReadOnlyList<string> PublishesLost
    {
        get { lock (_gate) return [.. _publishesLost]; }
    }

    public IReadOnlyList<string> Texts(string channel)
    {
        lock (_gate) return [.. _received.Where(one => one.Channel == channel).Select(one => one.Text)];
    }

    public void Receive(string channel, ReadOnlySpan<byte> payload)
    {
        Gate.Wait(Patience);
        lock (_gate) _received.Add((channel, payload.Length < 100 ? Encoding.UTF8.GetString(payload) : $"{payload.Length} bytes"));
        Wake();
    }

    public void ConnectionLost()
    {
        Interlocked.Increment(ref _lost);
        Wake();
    }

    public void ConnectionRegained()
    {
        Interlocked.Increment(ref _regained);
        Wake();
    }

    public void PublishLost(string channel)
    {
        bool isNew;
        lock (_gate) isNew = _publishesLost.Add(channel);
        if (isNew) Wake();
    }

    public Task WaitForLossAsync(int count = 1) => WaitAsync(() => Lost >= count, $"the connection to be lost {count} times");

    public Task WaitUntilWholeAsync(int losses = 1) => WaitAsync(() => Lost >= losses && IsWhole, $"the connection to be regained after {losses} losses");

    public Task WaitForTextAsync(string channel, string text) => WaitAsync(() => Texts(channel).Contains(text), $"'{text}' in {channel}");

    public async Task WaitAsync(Func<bool> isSo, string what)
    {
        while (true)
        {
            var more = Volatile.Read(ref _more).Task;
            if (isSo()) return;
            try
            {
                await more.WaitAsync(Patience, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"Waited in vain for {what}; lost {Lost}, regained {Regained}, publishes lost {PublishesLost.Count}.");
            }
        }
    }

    private static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Wake() => Interlocked.Exchange(ref _more, Source()).TrySetResult();
}
