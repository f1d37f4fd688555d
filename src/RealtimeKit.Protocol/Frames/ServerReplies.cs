using System.Buffers;

namespace RealtimeKit.Protocol;

/// <summary>Writes the frames that answer a request. Each method appends one frame.</summary>
internal static partial class ServerReplies
{
    public static void Error(IBufferWriter<byte> output, long? id, string code, string message, int? retryAfter = null)
    {
        var json = FrameWriter.Begin(output, "error"u8);
        if (id is { } value) json.WriteNumber("id"u8, value);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        if (retryAfter is { } ms) json.WriteNumber("retryAfter"u8, ms);
        FrameWriter.End(json, output);
    }

    public static void Ok(
        IBufferWriter<byte> output, long id, long? version = null, string? channel = null, DateTimeOffset? expires = null)
    {
        var json = FrameWriter.Begin(output, "ok"u8);
        json.WriteNumber("id"u8, id);
        if (version is { } number) json.WriteNumber("version"u8, number);
        if (channel is not null) json.WriteString("channel"u8, channel);
        if (expires is { } time) json.WriteTime("expires"u8, time);
        FrameWriter.End(json, output);
    }

    public static void Connected(IBufferWriter<byte> output, long id, in ConnectedReply reply)
    {
        var json = FrameWriter.Begin(output, "connected"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("connection"u8, reply.Connection);
        json.WriteString("user"u8, reply.User);
        json.WriteString("node"u8, reply.Node);
        json.WriteTime("time"u8, reply.Time);
        json.WriteNumber("heartbeat"u8, reply.Heartbeat);
        if (reply.Expires is { } expires) json.WriteTime("expires"u8, expires);
        json.WriteStartObject("limits"u8);
        json.WriteNumber("messageBytes"u8, ProtocolConstants.MaxFrameBytes);
        json.WriteNumber("textLength"u8, ProtocolConstants.MaxTextLength);
        json.WriteNumber("channels"u8, reply.Channels);
        json.WriteNumber("historyPage"u8, ProtocolConstants.MaxPageSize);
        json.WriteEndObject();
        if (reply.Features.Count > 0)
        {
            json.WriteStartArray("features"u8);
            foreach (var feature in reply.Features) json.WriteStringValue(feature);
            json.WriteEndArray();
        }

        FrameWriter.End(json, output);
    }

    public static void Subscribed(IBufferWriter<byte> output, long id, in SubscribedReply reply)
    {
        var json = FrameWriter.Begin(output, "subscribed"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("channel"u8, reply.Channel);
        json.WriteString("epoch"u8, reply.Head.Epoch);
        json.WriteNumber("version"u8, reply.Head.Version);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteNumber("read"u8, reply.Read);
        if (reply.Role is { } known) json.WriteString("role"u8, known.ToWord());
        json.WriteString("kind"u8, reply.Kind.ToWord());
        WriteSettings(json, reply.Settings);
        WriteMute(json, reply.Muted, reply.MutedUntil);
        FrameWriter.End(json, output);
    }

    /// <summary>Writes those of the settings that are set.</summary>
    public static void WriteSettings(System.Text.Json.Utf8JsonWriter json, ChannelSettings settings)
    {
        if (settings.Name is not null) json.WriteString("name"u8, settings.Name);
        if (settings.Data is not null) MessageCodec.WriteRaw(json, "data"u8, settings.Data);
        if (settings.Closed) json.WriteBoolean("closed"u8, true);
        if (settings.SlowMode > 0) json.WriteNumber("slowMode"u8, settings.SlowMode);
    }

    public static void Published(
        IBufferWriter<byte> output, long id, string channel, MessageId messageId, long sequence, long version, DateTimeOffset time, bool duplicate)
    {
        var json = FrameWriter.Begin(output, "published"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("channel"u8, channel);
        json.WriteMessageId("messageId"u8, messageId);
        json.WriteNumber("sequence"u8, sequence);
        json.WriteNumber("version"u8, version);
        json.WriteTime("time"u8, time);
        json.WriteBoolean("duplicate"u8, duplicate);
        FrameWriter.End(json, output);
    }

    public static void Reactions(IBufferWriter<byte> output, long id, IReadOnlyList<ReactionSummary> reactions, IReadOnlyList<string> own)
    {
        var json = FrameWriter.Begin(output, "reactions"u8);
        json.WriteNumber("id"u8, id);
        MessageCodec.WriteReactions(json, reactions);
        json.WriteStartArray("own"u8);
        foreach (var reaction in own) json.WriteStringValue(reaction);
        json.WriteEndArray();
        FrameWriter.End(json, output);
    }

    public static void Users(IBufferWriter<byte> output, long id, IEnumerable<UserProfile> users)
    {
        var json = FrameWriter.Begin(output, "users"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("users"u8);
        foreach (var user in users)
        {
            json.WriteStartObject();
            WriteProfile(json, user);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        FrameWriter.End(json, output);
    }

    public static void WriteProfile(System.Text.Json.Utf8JsonWriter json, UserProfile profile)
    {
        json.WriteString("user"u8, profile.User);
        if (profile.Name is not null) json.WriteString("name"u8, profile.Name);
        if (profile.Avatar is not null) json.WriteString("avatar"u8, profile.Avatar);
        if (profile.Data is not null) MessageCodec.WriteRaw(json, "data"u8, profile.Data);
    }

    // Room for what ends a list: "more", "next" and braces.
    private const int End = 1_024;

    // What surrounds a user's name.
    private const int PresentUserBytes = 128;

    /// <summary>Appends the reply with as many of the users as fit; the others are announced by <c>more</c>.</summary>
    public static void Presence(FrameBuffer output, long id, string channel, IEnumerable<PresentUser> users)
    {
        var start = output.Length;
        var more = false;
        var json = FrameWriter.Begin(output, "presence"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("channel"u8, channel);
        json.WriteStartArray("users"u8);
        foreach (var user in users)
        {
            // Six bytes for each character is what escaping may make of a name.
            more = output.Length - start + json.BytesPending + (6 * user.User.Length) + PresentUserBytes + End > ProtocolConstants.MaxMessageBytes;
            if (more) break;
            json.WriteStartObject();
            json.WriteString("user"u8, user.User);
            json.WriteString("status"u8, user.Status);
            json.WriteTime("since"u8, user.Since);
            json.WriteNumber("connections"u8, user.Connections);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, more);
        FrameWriter.End(json, output);
    }

    public static void Members(IBufferWriter<byte> output, long id, string channel, IEnumerable<ChannelMember> members, bool more)
    {
        var json = FrameWriter.Begin(output, "members"u8);
        json.WriteNumber("id"u8, id);
        json.WriteString("channel"u8, channel);
        json.WriteStartArray("members"u8);
        foreach (var member in members)
        {
            json.WriteStartObject();
            json.WriteString("user"u8, member.User);
            json.WriteString("role"u8, member.Role.ToWord());
            json.WriteNumber("read"u8, member.Read);
            WriteMute(json, member.Muted, member.MutedUntil);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, more);
        FrameWriter.End(json, output);
    }

    private static void WriteMute(System.Text.Json.Utf8JsonWriter json, bool muted, DateTimeOffset? until)
    {
        if (!muted) return;
        json.WriteBoolean("muted"u8, true);
        if (until is { } time) json.WriteTime("mutedUntil"u8, time);
    }

    /// <summary>Appends the reply where all channels fit into one message of the transport, or one alone; else stops where it is full.</summary>
    /// <returns>How many fit.</returns>
    public static int Channels(FrameBuffer output, long id, IReadOnlyList<ChannelSummary> channels, bool more, string? next)
    {
        var start = output.Length;
        var written = 0;
        var json = FrameWriter.Begin(output, "channels"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("channels"u8);
        foreach (var channel in channels)
        {
            InboxFrames.WriteRow(json, channel);
            if (written > 0 && output.Length - start + json.BytesPending + End > ProtocolConstants.MaxMessageBytes) return written;
            written++;
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, more);
        if (next is not null) json.WriteString("next"u8, next);
        FrameWriter.End(json, output);
        return written;
    }
}

/// <summary>The fields of a <c>connected</c> frame.</summary>
internal readonly record struct ConnectedReply(
    string Connection, string User, string Node, DateTimeOffset Time, long Heartbeat, DateTimeOffset? Expires, int Channels,
    IReadOnlyList<string> Features);

/// <summary>The fields of a <c>subscribed</c> frame.</summary>
internal readonly record struct SubscribedReply(
    string Channel, ChannelPosition Head, long Sequence, long Read, ChannelRole? Role, ChannelKind Kind, ChannelSettings Settings, bool Muted,
    DateTimeOffset? MutedUntil);
