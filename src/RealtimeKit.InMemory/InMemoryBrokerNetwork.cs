using System.Collections.Immutable;

namespace RealtimeKit.InMemory;

/// <summary>
/// What the in-memory brokers of several nodes in one process share. Give the same object to every node. Safe for
/// concurrent use.
/// </summary>
public sealed class InMemoryBrokerNetwork
{
    private ImmutableArray<InMemoryBroker> _nodes = [];
    private volatile bool _online = true;

    /// <summary>
    /// For tests of what the contract allows a broker: asked for each publication and receiving node how many copies
    /// arrive, so 0 loses it and 2 repeats it. <see langword="null"/> (the default) delivers each once.
    /// </summary>
    public Func<string, int>? Copies { get; set; }

    /// <summary>
    /// Whether anything is carried; <see langword="true"/> by default. Setting it notifies every node that its connection was
    /// lost, or regained.
    /// </summary>
    public bool Online
    {
        get => _online;
        set
        {
            if (_online == value) return;
            _online = value;
            foreach (var node in _nodes) node.EnqueueConnection(lost: !value);
        }
    }

    internal void Attach(InMemoryBroker node) => ImmutableInterlocked.Update(ref _nodes, static (nodes, node) => nodes.Add(node), node);

    internal void Detach(InMemoryBroker node) => ImmutableInterlocked.Update(ref _nodes, static (nodes, node) => nodes.Remove(node), node);

    internal bool TryPublish(InMemoryBroker from, string channel, ReadOnlySpan<byte> payload)
    {
        if (!_online) return false;
        byte[]? copy = null;
        foreach (var node in _nodes)
        {
            if (ReferenceEquals(node, from) || !node.IsSubscribed(channel)) continue;
            copy ??= payload.ToArray();
            for (var copies = Copies?.Invoke(channel) ?? 1; copies > 0; copies--) node.Enqueue(channel, copy);
        }

        return true;
    }
}
