namespace RealtimeKit;

/// <summary>What this node knows of another one. Only the link's own loop changes it.</summary>
internal sealed class OtherNode(Guid id)
{
    public Guid Id { get; } = id;

    /// <summary>When something was last heard from it, as a timestamp of the clock.</summary>
    public long LastHeard { get; set; }

    /// <summary>The number of the latest change of access that it told; null before the first heartbeat.</summary>
    public ulong? AccessNumber { get; set; }

    /// <summary>When its list of channels was last compared; null before the first time.</summary>
    public long? Compared { get; set; }

    /// <summary>The heartbeat whose parts are being read; null where one was missed and the rest says nothing.</summary>
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
