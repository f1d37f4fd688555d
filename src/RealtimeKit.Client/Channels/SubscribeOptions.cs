namespace RealtimeKit.Client;

/// <summary>Where a subscription begins. Default: with what comes from now on.</summary>
public sealed record SubscribeOptions
{
    private SubscribeOptions(int? recentCount, ChannelCursor? cursor)
    {
        RecentCount = recentCount;
        Cursor = cursor;
    }

    /// <summary>Only what comes from now on.</summary>
    public static SubscribeOptions Live { get; } = new(null, null);

    /// <summary>The whole channel, from its first message on.</summary>
    public static SubscribeOptions FromStart { get; } = new(null, ChannelCursor.Start);

    internal int? RecentCount { get; }

    internal ChannelCursor? Cursor { get; }

    /// <summary>The last messages, as they now are, and then what comes.</summary>
    /// <param name="count">How many at most, 1 to 200; the server cuts a larger number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public static SubscribeOptions Recent(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new SubscribeOptions(count, null);
    }

    /// <summary>What changed after a cursor that was kept from <see cref="RealtimeChannel.Cursor"/>, and then what comes.</summary>
    public static SubscribeOptions After(ChannelCursor cursor)
    {
        ArgumentNullException.ThrowIfNull(cursor);
        ArgumentOutOfRangeException.ThrowIfNegative(cursor.Version);
        ArgumentOutOfRangeException.ThrowIfNegative(cursor.Sequence);
        return new SubscribeOptions(null, cursor);
    }
}
