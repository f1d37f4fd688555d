namespace RealtimeKit.Client;

/// <summary>Where a subscription begins. Default: with what comes from now on.</summary>
public sealed record SubscribeOptions
{
    private SubscribeOptions(int? recentCount, ChannelPosition? position)
    {
        RecentCount = recentCount;
        Position = position;
    }

    /// <summary>Only what comes from now on.</summary>
    public static SubscribeOptions Live { get; } = new(null, null);

    /// <summary>The whole channel, from its first message on.</summary>
    public static SubscribeOptions FromStart { get; } = new(null, ChannelPosition.Start);

    internal int? RecentCount { get; }

    internal ChannelPosition? Position { get; }

    /// <summary>The last messages, as they now are, and then what comes.</summary>
    /// <param name="count">How many at most, 1 to 200; the server cuts a larger number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public static SubscribeOptions Recent(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new SubscribeOptions(count, null);
    }

    /// <summary>What changed after a position that was kept from <see cref="RealtimeChannel.Position"/>, and then what comes.</summary>
    public static SubscribeOptions After(ChannelPosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        ArgumentOutOfRangeException.ThrowIfNegative(position.Version);
        ArgumentOutOfRangeException.ThrowIfNegative(position.Sequence);
        return new SubscribeOptions(null, position);
    }
}
