using System.Collections.Concurrent;

namespace RealtimeKit.RabbitMQ.Routing;

/// <summary>The channels that this node wants, and how many in each partition. Outlives every connection.</summary>
internal sealed class Subscriptions
{
    private readonly ConcurrentDictionary<string, string> _channels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int[] _counts;

    public Subscriptions(int partitions)
    {
        _lookup = _channels.GetAlternateLookup<ReadOnlySpan<char>>();
        _counts = new int[partitions];
    }

    public void Add(string channel, int partition)
    {
        if (_channels.TryAdd(channel, channel)) Interlocked.Increment(ref _counts[partition]);
    }

    public void Remove(string channel, int partition)
    {
        if (_channels.TryRemove(channel, out _)) Interlocked.Decrement(ref _counts[partition]);
    }

    public bool IsWanted(int partition) => Volatile.Read(ref _counts[partition]) > 0;

    /// <summary>Gives the wanted channel of this name, without making a string.</summary>
    public string? Find(ReadOnlySpan<char> name) => _lookup.TryGetValue(name, out var channel) ? channel : null;
}
