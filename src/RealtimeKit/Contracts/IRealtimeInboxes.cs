using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// What users see of all their channels, from the application's own code, which is trusted: no method asks the authorizer. The list itself is
/// <see cref="IRealtimeUsers.ListChannelsAsync"/>. Safe for concurrent use. Every call may throw <see cref="StoreUnavailableException"/>; then it may be tried again.
/// </summary>
public interface IRealtimeInboxes
{
    /// <summary>
    /// Counts what a user has not read in all channels, exactly. Channels count as <see cref="ChannelNotify"/> has it. The work rises with the
    /// number of the user's channels, not with that of the messages.
    /// </summary>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="NotSupportedException">The store has no inboxes.</exception>
    Task<UnreadTotals> CountUnreadAsync(string user, CancellationToken cancellationToken = default);

    /// <summary>Changes what a member has set for itself in a channel. The user's inboxes get the row.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The member.</param>
    /// <param name="preferences">What to set.</param>
    /// <param name="cancellationToken">Ends the wait; the preferences may still be changed.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="ArgumentException">A name is not valid.</exception>
    /// <exception cref="ChannelNotFoundException">There is no such channel.</exception>
    /// <exception cref="NotMemberException">The user is no member of the channel.</exception>
    /// <exception cref="NotSupportedException">The store has no inboxes.</exception>
    Task<bool> SetPreferencesAsync(string channel, string user, ChannelPreferences preferences, CancellationToken cancellationToken = default);
}
