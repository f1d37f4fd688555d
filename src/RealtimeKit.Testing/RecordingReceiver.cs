using RealtimeKit.Brokers;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>Keeps what a broker delivers, and lets a test wait for it.</summary>
internal sealed class RecordingReceiver : IBrokerReceiver
{
    // Only to end a test that would otherwise never end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<(string Channel, byte[] Payload)> _received = [];
    private int _connectionsLost;
    private int _connectionsRegained;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The channels that something arrived for.</summary>
    public IReadOnlyList<string> Channels
    {
        get { lock (_lock) return [.. _received.Select(one => one.Channel).Distinct()]; }
    }

    public IReadOnlyList<byte[]> Payloads(string channel)
    {
        lock (_lock) return [.. _received.Where(one => one.Channel == channel).Select(one => one.Payload)];
    }

    public async Task<byte[]> WaitForAsync(string channel, Predicate<byte[]> isWanted)
    {
        byte[]? found = null;
        await WaitAsync(received => (found = received.Where(one => one.Channel == channel).Select(one => one.Payload).FirstOrDefault(isWanted.Invoke)) is not null);
        return found!;
    }

    /// <summary>Waits until a connection was told as lost, and each that was as regained.</summary>
    public Task WaitUntilRegainedAsync() => WaitAsync(_ => _connectionsLost > 0 && _connectionsLost == _connectionsRegained);

    public Task WaitForAllAsync(Predicate<IEnumerable<byte[]>> isDone) => WaitAsync(received => isDone(received.Select(one => one.Payload)));

    public void Receive(string channel, ReadOnlySpan<byte> payload)
    {
        lock (_lock) _received.Add((channel, payload.ToArray()));
        Wake();
    }

    public void ConnectionLost()
    {
        lock (_lock) _connectionsLost++;
        Wake();
    }

    public void ConnectionRegained()
    {
        lock (_lock) _connectionsRegained++;
        Wake();
    }

    public void PublishLost(string channel) => Wake();

    private void Wake() => Interlocked.Exchange(ref _more, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private async Task WaitAsync(Predicate<List<(string Channel, byte[] Payload)>> isDone)
    {
        while (true)
        {
            var more = Volatile.Read(ref _more).Task;
            lock (_lock)
            {
                if (isDone(_received)) return;
            }

            await more.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
    }
}
