using System.Collections.Concurrent;
using RealtimeKit.Brokers;
using RealtimeKit.InMemory;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>One node's broker on the in-memory network, which loses what a test says, in either direction, and may be cut off.</summary>
internal sealed class FaultyBroker(InMemoryBrokerNetwork network, Func<IReadOnlyList<GroupNode>> group) : IMessageBroker, IBrokerReceiver, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _subscriptions = [];
    private int _underWay;
    private readonly InMemoryBroker _inner = new(network);
    private readonly Lock _gate = new();
    private List<(string Channel, byte[] Payload)>? _held;
    private volatile bool _cut;
    private volatile bool _dead;
    private IBrokerReceiver? _node;

    public bool PrefersHeads { get; init; }

    /// <summary>Whether something that this node sends to a channel is lost on the way, without anybody's knowledge.</summary>
    public Func<string, bool> LosesOutgoing { get; set; } = _ => false;

    /// <summary>The same for what comes.</summary>
    public Func<string, bool> LosesIncoming { get; set; } = _ => false;

    /// <summary>The engine's end, to hand it what no honest node would send.</summary>
    public IBrokerReceiver Node => _node!;

    /// <summary>About how many publications are on their way to this node.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>The connection to the broker is lost.</summary>
    public void Cut()
    {
        if (_cut) return;
        _cut = true;
        Node.ConnectionLost();
    }

    /// <summary>The connection is there again.</summary>
    public void Heal()
    {
        if (!_cut) return;
        _cut = false;
        Node.ConnectionRegained();
    }

    /// <summary>The process stands still: what comes waits, and nothing is sent.</summary>
    public void Freeze()
    {
        lock (_gate) _held ??= [];
    }

    /// <summary>What waits for it is thrown away.</summary>
    public void Purge()
    {
        lock (_gate) _held?.Clear();
    }

    /// <summary>It goes on, and gets what waited.</summary>
    public void Thaw()
    {
        lock (_gate)
        {
            foreach (var (channel, payload) in _held ?? []) Node.Receive(channel, payload);
            _held = null;
        }
    }

    /// <summary>The process is dead: nothing more goes out or comes in, not even a farewell.</summary>
    public void Kill() => _dead = true;

    public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken)
    {
        _node = receiver;
        return _inner.StartAsync(this, cancellationToken);
    }

    public void Publish(string channel, ReadOnlySpan<byte> payload)
    {
        if (_dead) return;
        if (_cut)
        {
            Node.PublishLost(channel);
        }
        else if (!LosesOutgoing(channel))
        {
            foreach (var other in group())
                if (other.Broker != this && other.Broker._subscriptions.ContainsKey(channel)) Interlocked.Increment(ref other.Broker._underWay);
            _inner.Publish(channel, payload);
        }
    }

    public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        _subscriptions[channel] = true;
        return _inner.SubscribeAsync(channel, cancellationToken);
    }

    public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken)
    {
        _subscriptions.TryRemove(channel, out _);
        return _inner.UnsubscribeAsync(channel, cancellationToken);
    }

    public void Receive(string channel, ReadOnlySpan<byte> payload)
    {
        Interlocked.Decrement(ref _underWay);
        if (_cut || _dead || LosesIncoming(channel)) return;
        lock (_gate)
        {
            if (_held is not null) _held.Add((channel, payload.ToArray()));
            else Node.Receive(channel, payload);
        }
    }

    public void ConnectionLost() => Node.ConnectionLost();

    public void ConnectionRegained() => Node.ConnectionRegained();

    public void PublishLost(string channel) => Node.PublishLost(channel);

    public ValueTask DisposeAsync() => _inner.DisposeAsync();
}
