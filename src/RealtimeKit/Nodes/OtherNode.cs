using System.Collections.Concurrent;
using RealtimeKit.Presence;

namespace RealtimeKit.Nodes;

/// <summary>The other nodes that are up, as far as this node knows. Only the nodes' loop changes it; reading is safe for concurrent use.</summary>
internal sealed class OtherNodes
{
    private readonly ConcurrentDictionary<Guid, OtherNode> _nodes = [];

    public ICollection<Guid> Ids => _nodes.Keys;

    public ICollection<OtherNode> All => _nodes.Values;

    public OtherNode? Find(Guid id) => _nodes.GetValueOrDefault(id);

    public void Add(OtherNode node) => _nodes[node.Id] = node;

    public void Remove(OtherNode node) => _nodes.TryRemove(node.Id, out _);
}

/// <summary>What this node knows of another one. Only the nodes' loop changes it.</summary>
internal sealed class OtherNode(Guid id)
{
    public Guid Id { get; } = id;

    /// <summary>When its last heartbeat came, as a timestamp of the clock.</summary>
    public long LastBeat { get; set; }

    /// <summary>The number of its latest change of rights that came here; null before the first heartbeat.</summary>
    public ulong? AccessNumber { get; set; }

    /// <summary>When its list of channels was last compared; null before the first time.</summary>
    public long? Compared { get; set; }

    /// <summary>The heartbeat whose parts are being read; null where a part was missed and the rest is of no use.</summary>
    public long? Round { get; set; }

    /// <summary>Its part that comes next.</summary>
    public int NextPart { get; set; }

    /// <summary>The channels, of those served here, that it listed so far.</summary>
    public HashSet<ulong> Listed { get; } = [];

    /// <summary>The channel whose state is being read from several parts, if any.</summary>
    public string? StateChannel { get; set; }

    /// <summary>Who is present there, as far as it was read.</summary>
    public List<PresenceOf> State { get; } = [];
}
