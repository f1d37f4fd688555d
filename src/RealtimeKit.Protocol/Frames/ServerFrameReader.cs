using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>
/// Reads the frames of a server. Fields, frame types and event kinds that are not known are ignored, as the protocol asks,
/// so that a newer server can serve an older client.
/// </summary>
internal static class ServerFrameReader
{
    // A message of the deepest allowed nesting may be inside a page inside a frame.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 2 * ProtocolConstants.MaxDepth };

    // Timers take no more than 49 days, also not with some backoff on top, and nothing below zero.
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(20);

    /// <summary>Reads one frame.</summary>
    /// <exception cref="JsonException">It does not have the form that the protocol gives it.</exception>
    public static ServerFrame Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new JsonException("A frame of the server lacks a field or has it in another form.", e);
        }
    }

    private static ServerFrame Read(JsonElement json) => json.GetProperty("type"u8).GetString() switch
    {
        "event" => ReadEvent(json),
        "published" => new PublishedFrame(
            Id(json), Number(json, "sequence"u8), Number(json, "version"u8), Time(json, "time"u8), Flag(json, "duplicate"u8)),
        "changes" => new ChangesFrame(Text(json, "channel"u8), Messages(json), Number(json, "version"u8), Flag(json, "more"u8)),
        "ok" => new OkFrame(
            Id(json), Optional(json, "version"u8)?.GetInt64(), Optional(json, "channel"u8)?.GetString(), OptionalTime(json, "expires"u8)),
        "error" => new ErrorFrame(
            Optional(json, "id"u8)?.GetInt64() ?? 0, Text(json, "code"u8), Optional(json, "message"u8)?.GetString() ?? "",
            Optional(json, "retryAfter"u8) is { } wait ? Duration(wait) : null),
        "ping" => PingFrame.Instance,
        "signal" => new SignalFrame(
            Text(json, "channel"u8), Text(json, "user"u8), Text(json, "name"u8),
            Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null),
        "member" => new MemberFrame(
            Text(json, "channel"u8), Text(json, "user"u8), Text(json, "change"u8), Role(json), Optional(json, "by"u8)?.GetString(), OptionalTime(json, "until"u8)),
        "revoked" => new RevokedFrame(Text(json, "channel"u8), Text(json, "reason"u8)),
        "reconnect" => new ReconnectFrame(Duration(json.GetProperty("within"u8))),
        "connected" => ReadConnected(json),
        "subscribed" => new SubscribedFrame(
            Id(json), Text(json, "channel"u8), Text(json, "epoch"u8), Number(json, "version"u8), Number(json, "sequence"u8),
            Optional(json, "read"u8)?.GetInt64() ?? 0, Role(json),
            ChannelWords.TryParseKind(Optional(json, "kind"u8)?.GetString(), out var kind) ? kind : null, ReadSettings(json), Flag(json, "muted"u8),
            OptionalTime(json, "mutedUntil"u8)),
        "channel" => new ChannelFrame(Text(json, "channel"u8), ReadSettings(json)),
        "users" => new UsersFrame(Id(json), [.. json.GetProperty("users"u8).EnumerateArray().Select(ReadProfile)]),
        "user" => new UserFrame(ReadProfile(json)),
        "history" => new HistoryFrame(Id(json), Messages(json), Flag(json, "more"u8)),
        "results" => new ResultsFrame(
            Id(json), [.. json.GetProperty("messages"u8).EnumerateArray().Select(ReadFound)], Flag(json, "more"u8), Optional(json, "next"u8)?.GetString()),
        "reactions" => new ReactionsFrame(
            Id(json), Reactions(json), [.. json.GetProperty("own"u8).EnumerateArray().Select(item => item.GetString()!)]),
        "presence" => new PresenceFrame(Id(json), [.. json.GetProperty("users"u8).EnumerateArray().Select(ReadUser)], Flag(json, "more"u8)),
        "members" => new MembersFrame(Id(json), [.. json.GetProperty("members"u8).EnumerateArray().Select(ReadMember)], Flag(json, "more"u8)),
        "bans" => new BansFrame(Id(json), [.. json.GetProperty("bans"u8).EnumerateArray().Select(ReadBan)], Flag(json, "more"u8)),
        "actions" => new ActionsFrame(
            Id(json), [.. json.GetProperty("actions"u8).EnumerateArray().Select(ReadAction)], Flag(json, "more"u8), Optional(json, "next"u8)?.GetString()),
        "directory" => new DirectoryFrame(
            Id(json), [.. json.GetProperty("channels"u8).EnumerateArray().Select(ReadListed)], Flag(json, "more"u8), Optional(json, "next"u8)?.GetString()),
        "reports" => new ReportsFrame(
            Id(json), [.. json.GetProperty("reports"u8).EnumerateArray().Select(ReadReport)], Flag(json, "more"u8), Optional(json, "next"u8)?.GetString()),
        "blocked" => new BlockedFrame(Id(json), [.. json.GetProperty("users"u8).EnumerateArray().Select(item => item.GetString()!)]),
        "inbox" => ReadInbox(json),
        "channels" => new ChannelsFrame(
            Id(json), [.. json.GetProperty("channels"u8).EnumerateArray().Select(ReadChannel)], Flag(json, "more"u8),
            Optional(json, "next"u8)?.GetString()),
        _ => Optional(json, "id"u8) is { } id ? new UnknownReply(id.GetInt64()) : UnknownFrame.Instance,
    };

    private static ConnectedFrame ReadConnected(JsonElement json) => new(
        Id(json), Text(json, "connection"u8), Text(json, "user"u8), Time(json, "time"u8),
        Optional(json, "heartbeat"u8) is { } heartbeat ? Duration(heartbeat) : TimeSpan.FromSeconds(25), OptionalTime(json, "expires"u8),
        Optional(json, "limits"u8) is { } limits && Optional(limits, "messageBytes"u8) is { } bytes
            ? bytes.GetInt32() : ProtocolConstants.MaxFrameBytes,
        Optional(json, "features"u8) is { } features ? [.. features.EnumerateArray().Select(static item => item.GetString()!)] : []);

    private static EventFrame ReadEvent(JsonElement json)
    {
        var channel = Text(json, "channel"u8);
        var version = Number(json, "version"u8);
        var kind = json.GetProperty("kind"u8).GetString() switch
        {
            "posted" => EventKind.Posted,
            "edited" => EventKind.Edited,
            "deleted" => EventKind.Deleted,
            "reacted" => EventKind.Reacted,
            "pinned" => EventKind.Pinned,
            _ => EventKind.Unknown,
        };
        return kind switch
        {
            EventKind.Unknown => new EventFrame(channel, version, kind),
            EventKind.Reacted => new EventFrame(channel, version, kind, Reaction: new ReactionChange(
                Number(json, "sequence"u8), Text(json, "reaction"u8), Text(json, "user"u8), Flag(json, "removed"u8), Reactions(json))),
            _ => new EventFrame(channel, version, kind, MessageCodec.Read(json.GetProperty("message"u8))),
        };
    }

    private static FoundMessage ReadFound(JsonElement json) => new(
        MessageCodec.Read(json), [.. json.GetProperty("matches"u8).EnumerateArray().Select(range => new TextRange(range[0].GetInt32(), range[1].GetInt32()))]);

    private static PresentUser ReadUser(JsonElement json) => new(
        Text(json, "user"u8), Text(json, "status"u8), Time(json, "since"u8), json.GetProperty("connections"u8).GetInt32());

    private static UserProfile ReadProfile(JsonElement json) => new(
        Text(json, "user"u8), Optional(json, "name"u8)?.GetString(), Optional(json, "avatar"u8)?.GetString(),
        Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null);

    private static ChannelMember ReadMember(JsonElement json) => new(
        Text(json, "user"u8), Role(json) ?? ChannelRole.Member, Optional(json, "read"u8)?.GetInt64() ?? 0, Flag(json, "muted"u8),
        OptionalTime(json, "mutedUntil"u8));

    private static ChannelSettings ReadSettings(JsonElement json) => new(
        Optional(json, "name"u8)?.GetString(), Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null,
        Flag(json, "closed"u8), Optional(json, "slowMode"u8)?.GetInt32() ?? 0);

    private static ChannelAction ReadAction(JsonElement json) => new(
        Time(json, "time"u8), Text(json, "by"u8), Text(json, "change"u8), Optional(json, "user"u8)?.GetString(), Optional(json, "sequence"u8)?.GetInt64(),
        Role(json), OptionalTime(json, "until"u8), Optional(json, "reason"u8)?.GetString(),
        Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null);

    private static ListedChannel ReadListed(JsonElement json) => new(
        Text(json, "channel"u8), Optional(json, "name"u8)?.GetString(), Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null,
        Number(json, "members"u8), Number(json, "sequence"u8));

    private static ChannelReport ReadReport(JsonElement json)
    {
        // A state that a newer server may have was decided by somebody.
        if (!ReportWords.TryParse(Text(json, "state"u8), out var state)) state = ReportState.Acted;
        return new ChannelReport(
            Text(json, "report"u8), MessageCodec.Read(json.GetProperty("message"u8)),
            [.. json.GetProperty("reporters"u8).EnumerateArray().Select(item => item.GetString()!)], Optional(json, "reason"u8)?.GetString(), Time(json, "time"u8), state);
    }

    private static ChannelBan ReadBan(JsonElement json) => new(
        Text(json, "user"u8), Optional(json, "by"u8)?.GetString(), Time(json, "time"u8), OptionalTime(json, "until"u8),
        Optional(json, "reason"u8)?.GetString());

    private static ServerFrame ReadInbox(JsonElement json)
    {
        var totals = new UnreadTotals(Number(json, "unread"u8), Number(json, "mentions"u8));
        var cursor = Text(json, "cursor"u8);
        return Optional(json, "id"u8) is { } id ? new InboxReply(id.GetInt64(), cursor, Flag(json, "reset"u8), totals) : new InboxRowsFrame(
            [.. json.GetProperty("channels"u8).EnumerateArray().Select(ReadChannel)],
            Optional(json, "removed"u8) is { } removed ? [.. removed.EnumerateArray().Select(static name => name.GetString()!)] : [],
            cursor, Flag(json, "more"u8), totals);
    }

    private static ChannelSummary ReadChannel(JsonElement json)
    {
        // A kind that a newer server may have is none that this client can say more about.
        if (!ChannelWords.TryParseKind(Text(json, "kind"u8), out var kind)) kind = ChannelKind.Private;
        return new ChannelSummary(
            Text(json, "channel"u8), Optional(json, "name"u8)?.GetString(), kind, Role(json) ?? ChannelRole.Member,
            Number(json, "sequence"u8), Number(json, "version"u8), Number(json, "read"u8), Number(json, "unread"u8), Number(json, "mentions"u8),
            Optional(json, "last"u8) is { } last ? MessageCodec.Read(last) : null,
            Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null, Flag(json, "closed"u8),
            ChannelWords.TryParseNotify(Optional(json, "notify"u8)?.GetString(), out var notify) ? notify : ChannelNotify.All,
            Flag(json, "pinned"u8), Flag(json, "hidden"u8), OptionalTime(json, "changed"u8) ?? default)
        {
            LastTruncated = Optional(json, "last"u8) is { } cut && Flag(cut, "truncated"u8),
        };
    }

    private static IReadOnlyList<Message> Messages(JsonElement json) =>
        [.. json.GetProperty("messages"u8).EnumerateArray().Select(MessageCodec.Read)];

    private static IReadOnlyList<ReactionSummary> Reactions(JsonElement json) =>
        Optional(json, "reactions"u8) is { } reactions ? MessageCodec.ReadReactions(reactions) : [];

    private static ChannelRole? Role(JsonElement json) =>
        Optional(json, "role"u8)?.GetString() is { } word && ChannelWords.TryParseRole(word, out var role) ? role : null;

    private static long Id(JsonElement json) => Number(json, "id"u8);

    private static long Number(JsonElement json, ReadOnlySpan<byte> name) => json.GetProperty(name).GetInt64();

    private static string Text(JsonElement json, ReadOnlySpan<byte> name) =>
        json.GetProperty(name).GetString() ?? throw new JsonException("A field that must be a string is null.");

    private static bool Flag(JsonElement json, ReadOnlySpan<byte> name) => Optional(json, name)?.GetBoolean() ?? false;

    private static DateTimeOffset Time(JsonElement json, ReadOnlySpan<byte> name) => json.GetProperty(name).GetDateTimeOffset();

    private static DateTimeOffset? OptionalTime(JsonElement json, ReadOnlySpan<byte> name) => Optional(json, name)?.GetDateTimeOffset();

    private static TimeSpan Duration(JsonElement milliseconds) =>
        TimeSpan.FromMilliseconds(Math.Clamp(milliseconds.GetDouble(), 0, LongestDuration.TotalMilliseconds));

    private static JsonElement? Optional(JsonElement json, ReadOnlySpan<byte> name) => MessageCodec.Optional(json, name);
}
