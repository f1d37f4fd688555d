namespace RealtimeKit.Protocol;

/// <summary>Who may find and enter a channel.</summary>
public enum ChannelKind
{
    /// <summary>Every signed-in user sees it and may take part, joined or not.</summary>
    Public,

    /// <summary>Only members know of it.</summary>
    Private,

    /// <summary>Exactly two members, one channel for each pair.</summary>
    Direct,
}

/// <summary>What a member may do; the order is the rank.</summary>
public enum ChannelRole
{
    /// <summary>Takes part.</summary>
    Member,

    /// <summary>Also deletes what lower roles wrote.</summary>
    Moderator,

    /// <summary>Also decides on roles.</summary>
    Owner,
}

/// <summary>One member of a channel.</summary>
/// <param name="User">The user.</param>
/// <param name="Role">What the user may do.</param>
/// <param name="Read">The highest sequence that the user marked as read; 0 for none.</param>
/// <param name="Muted">Whether the user may read, but not write.</param>
/// <param name="MutedUntil">When that ends by itself; <see langword="null"/> for never.</param>
public sealed record ChannelMember(string User, ChannelRole Role, long Read, bool Muted = false, DateTimeOffset? MutedUntil = null);

/// <summary>One ban of a channel.</summary>
/// <param name="User">Who is banned.</param>
/// <param name="By">Who banned; <see langword="null"/> for the application.</param>
/// <param name="Time">When.</param>
/// <param name="Until">When it ends by itself; <see langword="null"/> for never.</param>
/// <param name="Reason">Why, if that was said.</param>
public sealed record ChannelBan(string User, string? By, DateTimeOffset Time, DateTimeOffset? Until, string? Reason);

/// <summary>A user who is subscribed to a channel now.</summary>
/// <param name="User">The user.</param>
/// <param name="Status"><c>online</c> or <c>away</c>.</param>
/// <param name="Since">When the first of the present connections subscribed.</param>
/// <param name="Connections">How many of the user's connections are subscribed; at least 1.</param>
public sealed record PresentUser(string User, string Status, DateTimeOffset Since, int Connections);

/// <summary>A channel in the list of a user who is a member of it.</summary>
/// <param name="Channel">The channel's identifier.</param>
/// <param name="Name">Its display name, if it has one.</param>
/// <param name="Kind">Who may find it.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Sequence">The last message's sequence; 0 for none.</param>
/// <param name="Version">The last change's version; 0 for none.</param>
/// <param name="Read">The user's read mark.</param>
/// <param name="Unread">Messages above the mark, by others, not deleted.</param>
/// <param name="Mentions">Those of them that name the user.</param>
/// <param name="Last">The last message, if any.</param>
/// <param name="Data">The application's data of the channel, if any.</param>
/// <param name="Closed">Whether the channel is closed.</param>
/// <param name="Notify">Of what the user wants to be notified.</param>
/// <param name="Pinned">Whether the user has pinned the channel.</param>
/// <param name="Hidden">Whether the user has hidden the channel since its last message.</param>
/// <param name="Changed">The time of the last version, or before the first that of the creation: the order of the list.</param>
public sealed record ChannelSummary(
    string Channel, string? Name, ChannelKind Kind, ChannelRole Role, long Sequence, long Version,
    long Read, long Unread, long Mentions, Message? Last, JsonValue? Data = null, bool Closed = false,
    ChannelNotify Notify = ChannelNotify.All, bool Pinned = false, bool Hidden = false, DateTimeOffset Changed = default)
{
    /// <summary>Whether the text of <see cref="Last"/> is cut: only in rows of an inbox.</summary>
    public bool LastTruncated { get; init; }

    /// <summary>What the channel adds to the totals.</summary>
    internal UnreadTotals Counts => UnreadTotals.Of(Notify, Unread, Mentions);
}

/// <summary>The words of the wire for kinds and roles.</summary>
internal static class ChannelWords
{
    /// <summary>The word for a kind.</summary>
    public static string ToWord(this ChannelKind kind) => kind switch
    {
        ChannelKind.Public => "public",
        ChannelKind.Private => "private",
        _ => "direct",
    };

    /// <summary>The word for a role.</summary>
    public static string ToWord(this ChannelRole role) => role switch
    {
        ChannelRole.Owner => "owner",
        ChannelRole.Moderator => "moderator",
        _ => "member",
    };

    /// <summary>The word for what a member is notified of.</summary>
    public static string ToWord(this ChannelNotify notify) => notify switch
    {
        ChannelNotify.Mentions => "mentions",
        ChannelNotify.None => "none",
        _ => "all",
    };

    /// <summary>Reads what a member is notified of; false for any other word.</summary>
    public static bool TryParseNotify(string? word, out ChannelNotify notify)
    {
        notify = word switch { "mentions" => ChannelNotify.Mentions, "none" => ChannelNotify.None, _ => ChannelNotify.All };
        return word is "all" or "mentions" or "none";
    }

    /// <summary>Reads a kind; false for any other word.</summary>
    public static bool TryParseKind(string? word, out ChannelKind kind)
    {
        kind = word switch { "private" => ChannelKind.Private, "direct" => ChannelKind.Direct, _ => ChannelKind.Public };
        return word is "public" or "private" or "direct";
    }

    /// <summary>Reads a role; false for any other word.</summary>
    public static bool TryParseRole(string? word, out ChannelRole role)
    {
        role = word switch { "owner" => ChannelRole.Owner, "moderator" => ChannelRole.Moderator, _ => ChannelRole.Member };
        return word is "owner" or "moderator" or "member";
    }
}
