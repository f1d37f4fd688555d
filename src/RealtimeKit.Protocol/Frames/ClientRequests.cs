using System.Buffers;
using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>Writes the frames that sign a client in, keep its connection and move its subscriptions. Each method appends one frame.</summary>
internal static class ClientRequests
{
    public static void Connect(IBufferWriter<byte> output, long id, string? token, string name, string version)
    {
        var json = Begin(output, "connect"u8, id);
        if (token is not null) json.WriteString("token"u8, token);
        json.WriteStartObject("client"u8);
        json.WriteString("name"u8, name);
        json.WriteString("version"u8, version);
        json.WriteEndObject();
        FrameWriter.End(json, output);
    }

    public static void Refresh(IBufferWriter<byte> output, long id, string token)
    {
        var json = Begin(output, "refresh"u8, id);
        json.WriteString("token"u8, token);
        FrameWriter.End(json, output);
    }

    public static void Pong(IBufferWriter<byte> output) => output.Write("{\"type\":\"pong\"}\n"u8);

    /// <summary>A subscription from a cursor.</summary>
    public static void SubscribeAfter(IBufferWriter<byte> output, long id, string channel, long after, string? epoch)
    {
        var json = Begin(output, "subscribe"u8, id, channel);
        json.WriteNumber("after"u8, after);
        if (epoch is not null) json.WriteString("epoch"u8, epoch);
        FrameWriter.End(json, output);
    }

    /// <summary>A subscription with the last messages, or with none.</summary>
    public static void SubscribeRecent(IBufferWriter<byte> output, long id, string channel, int? recent)
    {
        var json = Begin(output, "subscribe"u8, id, channel);
        if (recent is { } count) json.WriteNumber("recent"u8, count);
        FrameWriter.End(json, output);
    }

    /// <summary>A request that names a channel and nothing else, such as <c>unsubscribe</c>, <c>presence</c>, <c>join</c>.</summary>
    public static void OfChannel(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string channel) =>
        FrameWriter.End(Begin(output, type, id, channel), output);

    /// <summary>The inbox, after a cursor or with all rows.</summary>
    public static void Inbox(IBufferWriter<byte> output, long id, string? after)
    {
        var json = Begin(output, "inbox"u8, id);
        if (after is not null) json.WriteString("after"u8, after);
        FrameWriter.End(json, output);
    }

    /// <summary>The end of the inbox.</summary>
    public static void CloseInbox(IBufferWriter<byte> output, long id) => FrameWriter.End(Begin(output, "closeInbox"u8, id), output);

    /// <summary>What a member sets for itself.</summary>
    public static void Prefer(IBufferWriter<byte> output, long id, string channel, ChannelPreferences preferences)
    {
        var json = Begin(output, "prefer"u8, id, channel);
        if (preferences.Notify is { } notify) json.WriteString("notify"u8, notify.ToWord());
        if (preferences.Pinned is { } pinned) json.WriteBoolean("pinned"u8, pinned);
        if (preferences.Hidden is { } hidden) json.WriteBoolean("hidden"u8, hidden);
        FrameWriter.End(json, output);
    }

    /// <summary>A request about another user of a channel, such as <c>invite</c>, <c>ban</c>, <c>unmute</c>.</summary>
    public static void OfUser(
        IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string channel, string user, ChannelRole? role = null,
        DateTimeOffset? until = null, string? reason = null)
    {
        var json = Begin(output, type, id, channel);
        json.WriteString("user"u8, user);
        if (role is { } given) json.WriteString("role"u8, given.ToWord());
        if (until is { } end) json.WriteTime("until"u8, end);
        if (reason is not null) json.WriteString("reason"u8, reason);
        FrameWriter.End(json, output);
    }

    /// <summary>A signal; without an id it gets no reply.</summary>
    public static void Signal(IBufferWriter<byte> output, long? id, string channel, string name, JsonValue? data)
    {
        var json = FrameWriter.Begin(output, "signal"u8);
        if (id is { } number) json.WriteNumber("id"u8, number);
        json.WriteString("channel"u8, channel);
        json.WriteString("name"u8, name);
        if (data is not null) MessageCodec.WriteRaw(json, "data"u8, data);
        FrameWriter.End(json, output);
    }

    public static void Presence(IBufferWriter<byte> output, long id, string channel, string? after)
    {
        var json = Begin(output, "presence"u8, id, channel);
        if (after is not null) json.WriteString("after"u8, after);
        FrameWriter.End(json, output);
    }

    /// <summary>A page of a list of users: <c>members</c> or <c>bans</c>.</summary>
    public static void Users(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string channel, string? after, int? limit)
    {
        var json = Begin(output, type, id, channel);
        if (after is not null) json.WriteString("after"u8, after);
        if (limit is { } most) json.WriteNumber("limit"u8, most);
        FrameWriter.End(json, output);
    }

    public static void Profiles(IBufferWriter<byte> output, long id, IEnumerable<string> users)
    {
        var json = Begin(output, "users"u8, id);
        json.WriteStartArray("users"u8);
        foreach (var user in users) json.WriteStringValue(user);
        json.WriteEndArray();
        FrameWriter.End(json, output);
    }

    /// <summary>A page of a list that moderators read: <c>actions</c> or <c>reports</c>.</summary>
    public static void Moderation(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string channel, string? before, int? limit)
    {
        var json = Begin(output, type, id, channel);
        if (before is not null) json.WriteString("before"u8, before);
        if (limit is { } most) json.WriteNumber("limit"u8, most);
        FrameWriter.End(json, output);
    }

    public static void Report(IBufferWriter<byte> output, long id, string channel, long sequence, string? reason)
    {
        var json = Begin(output, "report"u8, id, channel);
        json.WriteNumber("sequence"u8, sequence);
        if (reason is not null) json.WriteString("reason"u8, reason);
        FrameWriter.End(json, output);
    }

    public static void Resolve(IBufferWriter<byte> output, long id, string channel, string report, ReportState state)
    {
        var json = Begin(output, "resolve"u8, id, channel);
        json.WriteString("report"u8, report);
        json.WriteString("state"u8, state.ToWord());
        FrameWriter.End(json, output);
    }

    /// <summary>A request about another user and no channel: <c>block</c> or <c>unblock</c>.</summary>
    public static void OfUser(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string user)
    {
        var json = Begin(output, type, id);
        json.WriteString("user"u8, user);
        FrameWriter.End(json, output);
    }

    public static void Blocked(IBufferWriter<byte> output, long id) => FrameWriter.End(Begin(output, "blocked"u8, id), output);

    public static void Directory(IBufferWriter<byte> output, long id, string? query, string? before, int? limit)
    {
        var json = Begin(output, "directory"u8, id);
        if (query is not null) json.WriteString("query"u8, query);
        if (before is not null) json.WriteString("before"u8, before);
        if (limit is { } most) json.WriteNumber("limit"u8, most);
        FrameWriter.End(json, output);
    }

    public static void Channels(IBufferWriter<byte> output, long id, string? before, int? limit)
    {
        var json = Begin(output, "channels"u8, id);
        if (before is not null) json.WriteString("before"u8, before);
        if (limit is { } most) json.WriteNumber("limit"u8, most);
        FrameWriter.End(json, output);
    }

    public static void Update(IBufferWriter<byte> output, long id, string channel, ChannelEdit edit)
    {
        var json = Begin(output, "update"u8, id, channel);
        if (edit.Name is not null) json.WriteString("name"u8, edit.Name);
        else if (edit.Remove.HasFlag(ChannelParts.Name)) json.WriteNull("name"u8);
        if (edit.Data is not null) MessageCodec.WriteRaw(json, "data"u8, edit.Data);
        else if (edit.Remove.HasFlag(ChannelParts.Data)) json.WriteNull("data"u8);
        if (edit.Closed is { } closed) json.WriteBoolean("closed"u8, closed);
        if (edit.SlowMode is { } seconds) json.WriteNumber("slowMode"u8, seconds);
        FrameWriter.End(json, output);
    }

    public static void Create(
        IBufferWriter<byte> output, long id, ChannelKind kind, string? channel, string? name, IReadOnlyList<string>? members, JsonValue? data)
    {
        var json = Begin(output, "create"u8, id);
        json.WriteString("kind"u8, kind.ToWord());
        if (channel is not null) json.WriteString("channel"u8, channel);
        if (name is not null) json.WriteString("name"u8, name);
        if (data is not null) MessageCodec.WriteRaw(json, "data"u8, data);
        if (members is not null)
        {
            json.WriteStartArray("members"u8);
            foreach (var user in members) json.WriteStringValue(user);
            json.WriteEndArray();
        }

        FrameWriter.End(json, output);
    }

    internal static Utf8JsonWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string? channel = null)
    {
        var json = FrameWriter.Begin(output, type);
        json.WriteNumber("id"u8, id);
        if (channel is not null) json.WriteString("channel"u8, channel);
        return json;
    }
}
