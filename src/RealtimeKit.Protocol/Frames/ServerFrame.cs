namespace RealtimeKit.Protocol;

/// <summary>A frame of the server as a client reads it.</summary>
internal abstract record ServerFrame;

/// <summary>A frame that answers the request with <paramref name="Id"/>.</summary>
internal abstract record ServerReply(long Id) : ServerFrame;

internal sealed record ConnectedFrame(
    long Id, string Connection, string User, DateTimeOffset Time, TimeSpan Heartbeat, DateTimeOffset? Expires, int MessageBytes,
    IReadOnlyList<string> Features)
    : ServerReply(Id);

internal sealed record SubscribedFrame(long Id, string Channel, string Epoch, long Version, long Sequence, long Read, ChannelRole? Role,
    ChannelKind? Kind, ChannelSettings Settings, bool Muted = false, DateTimeOffset? MutedUntil = null) : ServerReply(Id);

internal sealed record PublishedFrame(long Id, long Sequence, long Version, DateTimeOffset Time, bool Duplicate) : ServerReply(Id);

internal sealed record OkFrame(long Id, long? Version, string? Channel, DateTimeOffset? Expires) : ServerReply(Id);

internal sealed record ReactionsFrame(long Id, IReadOnlyList<ReactionSummary> Reactions, IReadOnlyList<string> Own) : ServerReply(Id);

internal sealed record HistoryFrame(long Id, IReadOnlyList<Message> Messages, bool More) : ServerReply(Id);

internal sealed record ResultsFrame(long Id, IReadOnlyList<FoundMessage> Messages, bool More, string? Next) : ServerReply(Id);

internal sealed record PresenceFrame(long Id, IReadOnlyList<PresentUser> Users, bool More) : ServerReply(Id);

internal sealed record MembersFrame(long Id, IReadOnlyList<ChannelMember> Members, bool More) : ServerReply(Id);

internal sealed record BansFrame(long Id, IReadOnlyList<ChannelBan> Bans, bool More) : ServerReply(Id);

internal sealed record ActionsFrame(long Id, IReadOnlyList<ChannelAction> Actions, bool More, string? Next) : ServerReply(Id);

internal sealed record DirectoryFrame(long Id, IReadOnlyList<ListedChannel> Channels, bool More, string? Next) : ServerReply(Id);

internal sealed record ReportsFrame(long Id, IReadOnlyList<ChannelReport> Reports, bool More, string? Next) : ServerReply(Id);

internal sealed record BlockedFrame(long Id, IReadOnlyList<string> Users) : ServerReply(Id);

internal sealed record InboxReply(long Id, string Cursor, bool Reset, UnreadTotals Totals) : ServerReply(Id);

internal sealed record ChannelsFrame(long Id, IReadOnlyList<ChannelSummary> Channels, bool More, string? Next) : ServerReply(Id);

internal sealed record UsersFrame(long Id, IReadOnlyList<UserProfile> Users) : ServerReply(Id);

/// <summary>An error; its id is 0 where the connection is about to be closed for it.</summary>
internal sealed record ErrorFrame(long Id, string Code, string Message, TimeSpan? RetryAfter) : ServerReply(Id);

/// <summary>A reply of a type that this client does not know.</summary>
internal sealed record UnknownReply(long Id) : ServerReply(Id);

internal sealed record EventFrame(
    string Channel, long Version, EventKind Kind, Message? Message = null, ReactionChange? Reaction = null) : ServerFrame;

internal enum EventKind
{
    Unknown,
    Posted,
    Edited,
    Deleted,
    Reacted,
    Pinned,
}

internal sealed record ReactionChange(
    long Sequence, string Reaction, string User, bool Removed, IReadOnlyList<ReactionSummary> Reactions);

internal sealed record ChangesFrame(string Channel, IReadOnlyList<Message> Messages, long Version, bool More) : ServerFrame;

internal sealed record SignalFrame(string Channel, string User, string Name, JsonValue? Data) : ServerFrame;

internal sealed record MemberFrame(
    string Channel, string User, string Change, ChannelRole? Role, string? By = null, DateTimeOffset? Until = null) : ServerFrame;

internal sealed record ChannelFrame(string Channel, ChannelSettings Settings) : ServerFrame;

internal sealed record InboxRowsFrame(
    IReadOnlyList<ChannelSummary> Channels, IReadOnlyList<string> Removed, string Cursor, bool More, UnreadTotals Totals) : ServerFrame;

internal sealed record UserFrame(UserProfile Profile) : ServerFrame;

internal sealed record RevokedFrame(string Channel, string Reason) : ServerFrame;

internal sealed record ReconnectFrame(TimeSpan Within) : ServerFrame;

internal sealed record PingFrame : ServerFrame
{
    public static PingFrame Instance { get; } = new();
}

/// <summary>A frame of a type that this client does not know; it only shows that the server is alive.</summary>
internal sealed record UnknownFrame : ServerFrame
{
    public static UnknownFrame Instance { get; } = new();
}
