namespace RealtimeKit.Protocol;

/// <summary>Of what in a channel a member wants to be notified. It decides how the channel counts in the totals of an inbox.</summary>
public enum ChannelNotify
{
    /// <summary>Of everything: unread messages and mentions count.</summary>
    All,

    /// <summary>Of mentions: only these count, in both totals.</summary>
    Mentions,

    /// <summary>Of nothing: the channel does not count.</summary>
    None,
}

/// <summary>What a member sets for itself in a channel; what is <see langword="null"/> stays as it is. It ends with the membership.</summary>
/// <param name="Notify">Of what to be notified.</param>
/// <param name="Pinned">Whether the channel stands above others in the user's list; the application decides what that means.</param>
/// <param name="Hidden">Whether the channel is left out of the user's list until the next message.</param>
public sealed record ChannelPreferences(ChannelNotify? Notify = null, bool? Pinned = null, bool? Hidden = null);

/// <summary>How much a user has not read, over all channels. Channels count as <see cref="ChannelNotify"/> has it.</summary>
/// <param name="Unread">Unread messages.</param>
/// <param name="Mentions">Those of them that mention the user.</param>
public readonly record struct UnreadTotals(long Unread, long Mentions)
{
    /// <summary>What a channel adds.</summary>
    public static UnreadTotals Of(ChannelNotify notify, long unread, long mentions) => notify switch
    {
        ChannelNotify.None => default,
        ChannelNotify.Mentions => new UnreadTotals(mentions, mentions),
        _ => new UnreadTotals(unread, mentions),
    };

    /// <summary>The sum.</summary>
    public static UnreadTotals operator +(UnreadTotals left, UnreadTotals right) => new(left.Unread + right.Unread, left.Mentions + right.Mentions);

    /// <summary>The difference.</summary>
    public static UnreadTotals operator -(UnreadTotals left, UnreadTotals right) => new(left.Unread - right.Unread, left.Mentions - right.Mentions);
}
