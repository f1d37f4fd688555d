using System.Buffers;

namespace RealtimeKit.Protocol;

/// <summary>Writes the frames that a server sends unasked. Each method appends one frame.</summary>
internal static class ServerEvents
{
    public static void Ping(IBufferWriter<byte> output) => output.Write("{\"type\":\"ping\"}\n"u8);

    public static void Reconnect(IBufferWriter<byte> output, long within)
    {
        var json = FrameWriter.Begin(output, "reconnect"u8);
        json.WriteNumber("within"u8, within);
        FrameWriter.End(json, output);
    }

    /// <summary>An <c>event</c> that carries the whole message: <c>posted</c>, <c>edited</c>, <c>deleted</c> or <c>pinned</c>.</summary>
    public static void Event(IBufferWriter<byte> output, ReadOnlySpan<byte> kind, Message message)
    {
        var json = FrameWriter.Begin(output, "event"u8);
        json.WriteString("channel"u8, message.Channel);
        json.WriteNumber("version"u8, message.Version);
        json.WriteString("kind"u8, kind);
        json.WritePropertyName("message"u8);
        MessageCodec.Write(json, message);
        FrameWriter.End(json, output);
    }

    /// <summary>The <c>event</c> of a reaction given or taken back.</summary>
    public static void Reacted(IBufferWriter<byte> output, Message message, string reaction, string user, bool removed)
    {
        var json = FrameWriter.Begin(output, "event"u8);
        json.WriteString("channel"u8, message.Channel);
        json.WriteNumber("version"u8, message.Version);
        json.WriteString("kind"u8, "reacted"u8);
        json.WriteNumber("sequence"u8, message.Sequence);
        json.WriteString("reaction"u8, reaction);
        json.WriteString("user"u8, user);
        if (removed) json.WriteBoolean("removed"u8, true);
        MessageCodec.WriteReactions(json, message.Reactions);
        FrameWriter.End(json, output);
    }

    public static void Signal(IBufferWriter<byte> output, string channel, string user, string name, ReadOnlySpan<byte> data)
    {
        var json = FrameWriter.Begin(output, "signal"u8);
        json.WriteString("channel"u8, channel);
        json.WriteString("user"u8, user);
        json.WriteString("name"u8, name);
        if (!data.IsEmpty)
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(data, skipInputValidation: true);
        }

        FrameWriter.End(json, output);
    }

    public static void Presence(IBufferWriter<byte> output, string channel, string user, string status)
    {
        var json = FrameWriter.Begin(output, "signal"u8);
        json.WriteString("channel"u8, channel);
        json.WriteString("user"u8, user);
        json.WriteString("name"u8, "presence"u8);
        json.WriteStartObject("data"u8);
        json.WriteString("status"u8, status);
        json.WriteEndObject();
        FrameWriter.End(json, output);
    }

    public static void Member(IBufferWriter<byte> output, string channel, in MemberNews news)
    {
        var json = FrameWriter.Begin(output, "member"u8);
        json.WriteString("channel"u8, channel);
        json.WriteString("user"u8, news.User);
        json.WriteString("change"u8, news.Change);
        if (news.Role is { } known) json.WriteString("role"u8, known.ToWord());
        if (news.By is not null) json.WriteString("by"u8, news.By);
        if (news.Until is { } until) json.WriteTime("until"u8, until);
        FrameWriter.End(json, output);
    }

    /// <summary>A channel's settings, as they now are.</summary>
    public static void Channel(IBufferWriter<byte> output, string channel, ChannelSettings settings)
    {
        var json = FrameWriter.Begin(output, "channel"u8);
        json.WriteString("channel"u8, channel);
        ServerReplies.WriteSettings(json, settings);
        FrameWriter.End(json, output);
    }

    /// <summary>What is shown of a user, as it now is.</summary>
    public static void User(IBufferWriter<byte> output, UserProfile profile)
    {
        var json = FrameWriter.Begin(output, "user"u8);
        ServerReplies.WriteProfile(json, profile);
        FrameWriter.End(json, output);
    }

    public static void Revoked(IBufferWriter<byte> output, string channel, string reason)
    {
        var json = FrameWriter.Begin(output, "revoked"u8);
        json.WriteString("channel"u8, channel);
        json.WriteString("reason"u8, reason);
        FrameWriter.End(json, output);
    }
}

/// <summary>What a <c>member</c> frame says.</summary>
/// <param name="User">Whose membership changed.</param>
/// <param name="Change">The protocol's word for it.</param>
/// <param name="Role">The role that the user has now, if any.</param>
/// <param name="By">Who changed it, where that is a user other than the one.</param>
/// <param name="Until">When a ban or a mute ends by itself.</param>
internal readonly record struct MemberNews(string User, string Change, ChannelRole? Role, string? By = null, DateTimeOffset? Until = null);
