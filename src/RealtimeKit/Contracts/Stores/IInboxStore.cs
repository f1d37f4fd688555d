using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// What inboxes read of a store: what changed for a user, and the rows of many users at once. An optional ability of a store, over the
/// channels of its <see cref="IChannelStore"/>; without it <c>inbox</c> is not supported. Implementations are safe for concurrent use.
/// </summary>
/// <remarks>
/// A store notes at each channel, membership and read mark a stamp whenever it changes: a version, settings, a role, preferences, a mark,
/// a block that changes the number of mentions (<see cref="BlockResult.Recounted"/>). The stamp comes from the store's own order of commits,
/// not from a clock. When a membership ends, or its channel is deleted, a tombstone
/// with a stamp remains until the user is a member of a channel of that name again. Every call may throw <see cref="StoreUnavailableException"/>.
/// </remarks>
public interface IInboxStore
{
    /// <summary>Lists all channels that a user is a member of, the latest change first, with what is unread, from one view.</summary>
    ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken);

    /// <summary>
    /// Finds the channels of which a user's row may have changed at or after a position, and those that the user is no longer in, from one
    /// view. It may name a channel that did not change, but leaves out none that did.
    /// </summary>
    /// <returns><see langword="null"/> where the position is not this store's, or above what it has.</returns>
    ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken);

    /// <summary>Reads the rows of many users and channels, in one query and from one view.</summary>
    ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken);

    /// <summary>Finds what changed at or after a position in rows of any user. It may name what did not change, but leaves out nothing.</summary>
    /// <param name="after">The position.</param>
    /// <param name="limit">The most to name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="null"/> where the position is not this store's, or above what it has.</returns>
    ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Changes what a member has set for itself, in one transaction: finds what <see cref="PreferenceChange.Decide"/> asks for, and writes
    /// what it returns.
    /// </summary>
    ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken);
}

/// <summary>
/// A place in the order of a store's changes: all that have a lower stamp are visible to whoever has it, and later calls find all others.
/// </summary>
/// <param name="Epoch">A random string made with the store, and anew by <see cref="IChannelStore.RenewEpochsAsync"/>.</param>
/// <param name="Stamp">The lowest stamp that may not be known.</param>
public readonly record struct InboxPosition(string Epoch, long Stamp);

/// <summary>Names a row of an inbox.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public readonly record struct InboxKey(string Channel, string User);

/// <summary>A membership of a user, with what is unread.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Notify">Of what the user wants to be notified.</param>
/// <param name="Unread">Messages above the mark, by others, not deleted.</param>
/// <param name="Mentions">Those of them that name the user.</param>
public readonly record struct InboxMembership(string Channel, ChannelNotify Notify, long Unread, long Mentions)
{
    /// <summary>What the channel adds to the totals.</summary>
    public UnreadTotals Counts => UnreadTotals.Of(Notify, Unread, Mentions);
}

/// <summary>All memberships of a user.</summary>
/// <param name="Position">The position of the view.</param>
/// <param name="Channels">The memberships, the latest change first.</param>
public sealed record InboxMemberships(InboxPosition Position, IReadOnlyList<InboxMembership> Channels)
{
    /// <summary>The sum of what is unread.</summary>
    public UnreadTotals Totals => Channels.Aggregate(default(UnreadTotals), static (sum, channel) => sum + channel.Counts);
}

/// <summary>What changed for a user.</summary>
/// <param name="Position">The position of the view.</param>
/// <param name="Changed">The user's channels whose rows may have changed, the latest change first.</param>
/// <param name="Removed">The channels that the user is no longer in; none of <paramref name="Changed"/> is among them.</param>
public sealed record InboxDelta(InboxPosition Position, IReadOnlyList<string> Changed, IReadOnlyList<string> Removed)
{
    /// <summary>Whether nothing changed.</summary>
    public bool IsEmpty => Changed.Count == 0 && Removed.Count == 0;
}

/// <summary>Something that changed rows.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user whose row it is, or <see langword="null"/> for those of all members.</param>
/// <param name="Stamp">The stamp of its latest change.</param>
public readonly record struct InboxTouch(string Channel, string? User, long Stamp);

/// <summary>Rows, as one view has them.</summary>
/// <param name="Position">The position of the view.</param>
/// <param name="Rows">For each key its row, in their order; <see langword="null"/> where the user is no member or there is no such channel.</param>
public sealed record InboxRows(InboxPosition Position, IReadOnlyList<ChannelSummary?> Rows);

/// <summary>What changed in rows of any user.</summary>
/// <param name="Position">The position of the view.</param>
/// <param name="Touches">What changed; incomplete where there is more.</param>
/// <param name="More">Whether there was more than the limit: then anything may have changed.</param>
public sealed record InboxTouched(InboxPosition Position, IReadOnlyList<InboxTouch> Touches, bool More);
