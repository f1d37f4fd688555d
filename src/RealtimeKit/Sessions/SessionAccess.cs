using RealtimeKit.Delivery;

namespace RealtimeKit.Sessions;

/// <summary>
/// What the sessions of this node know of their users' rights: dropped when a right changes, so that the store is asked
/// again. Safe for concurrent use.
/// </summary>
internal sealed class SessionAccess(SessionRegistry sessions, UserSessions users, LocalChannels channels)
{
    private long _version;

    /// <summary>Rises with every change of rights; whoever reads the store compares it before and after.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>A user's rights in a channel changed, or with null those of everybody.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user, or null.</param>
    /// <param name="reason">The reason to give where subscriptions end by it, else null.</param>
    public void Change(string channel, string? user, string? reason)
    {
        Interlocked.Increment(ref _version);
        channels.Find(channel)?.ForgetSize();
        foreach (var session in user is null ? (IEnumerable<Session>)sessions.All : users.Of(user))
        {
            session.Channels.Forget(channel);
            if (reason is not null && session.Channels.FindSubscription(channel) is { } subscription) session.Revoke(subscription, reason);
        }
    }

    /// <summary>Drops what is known of everybody's rights in all channels.</summary>
    public void ForgetAll()
    {
        Interlocked.Increment(ref _version);
        foreach (var channel in channels.All) channel.ForgetSize();
        foreach (var session in sessions.All) session.Channels.ForgetAll();
    }
}
