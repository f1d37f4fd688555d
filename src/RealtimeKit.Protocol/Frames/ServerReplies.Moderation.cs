using System.Buffers;

namespace RealtimeKit.Protocol;

internal static partial class ServerReplies
{
    public static void Bans(IBufferWriter<byte> output, long id, string system, IEnumerable<ChannelBan> bans, bool more)
    {
        var json = FrameWriter.Begin(output, "bans"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("bans"u8);
        foreach (var ban in bans)
        {
            json.WriteStartObject();
            json.WriteString("user"u8, ban.User);
            json.WriteString("by"u8, ban.By ?? system);
            if (ban.Until is { } until) json.WriteTime("until"u8, until);
            if (ban.Reason is not null) json.WriteString("reason"u8, ban.Reason);
            json.WriteTime("time"u8, ban.Time);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, more);
        FrameWriter.End(json, output);
    }

    /// <summary>Appends the reply where all actions fit into one message of the transport; else stops where it is full.</summary>
    /// <returns>How many fit.</returns>
    public static int Actions(FrameBuffer output, long id, IReadOnlyList<ChannelAction> actions, long? next)
    {
        var start = output.Length;
        var written = 0;
        var json = FrameWriter.Begin(output, "actions"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("actions"u8);
        foreach (var action in actions)
        {
            json.WriteStartObject();
            json.WriteTime("time"u8, action.Time);
            json.WriteString("by"u8, action.By);
            json.WriteString("change"u8, action.Change);
            if (action.User is not null) json.WriteString("user"u8, action.User);
            if (action.Sequence is { } sequence) json.WriteNumber("sequence"u8, sequence);
            if (action.Role is { } role) json.WriteString("role"u8, role.ToWord());
            if (action.Until is { } until) json.WriteTime("until"u8, until);
            if (action.Reason is not null) json.WriteString("reason"u8, action.Reason);
            if (action.Data is not null) MessageCodec.WriteRaw(json, "data"u8, action.Data);
            json.WriteEndObject();
            if (written > 0 && output.Length - start + json.BytesPending + End > ProtocolConstants.MaxMessageBytes) return written;
            written++;
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, next is not null);
        if (next is { } place) json.WriteString("next"u8, place.ToString(System.Globalization.CultureInfo.InvariantCulture));
        FrameWriter.End(json, output);
        return written;
    }

    /// <summary>Appends the reply where all reports fit into one message of the transport, or one alone; else stops where it is full.</summary>
    /// <returns>How many fit.</returns>
    public static int Reports(FrameBuffer output, long id, IReadOnlyList<ChannelReport> reports, string? next)
    {
        var start = output.Length;
        var written = 0;
        var json = FrameWriter.Begin(output, "reports"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("reports"u8);
        foreach (var report in reports)
        {
            json.WriteStartObject();
            json.WriteString("report"u8, report.Report);
            json.WritePropertyName("message"u8);
            MessageCodec.Write(json, report.Message);
            json.WriteStartArray("reporters"u8);
            foreach (var user in report.Reporters) json.WriteStringValue(user);
            json.WriteEndArray();
            if (report.Reason is not null) json.WriteString("reason"u8, report.Reason);
            json.WriteTime("time"u8, report.Time);
            json.WriteString("state"u8, report.State.ToWord());
            json.WriteEndObject();
            if (written > 0 && output.Length - start + json.BytesPending + End > ProtocolConstants.MaxMessageBytes) return written;
            written++;
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, next is not null);
        if (next is not null) json.WriteString("next"u8, next);
        FrameWriter.End(json, output);
        return written;
    }

    public static void Blocked(IBufferWriter<byte> output, long id, IReadOnlyList<string> users)
    {
        var json = FrameWriter.Begin(output, "blocked"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("users"u8);
        foreach (var user in users) json.WriteStringValue(user);
        json.WriteEndArray();
        FrameWriter.End(json, output);
    }

    /// <summary>Appends the reply where all channels fit into one message of the transport; else stops where it is full.</summary>
    /// <returns>How many fit.</returns>
    public static int Directory(FrameBuffer output, long id, IReadOnlyList<ListedChannel> channels, string? next)
    {
        var start = output.Length;
        var written = 0;
        var json = FrameWriter.Begin(output, "directory"u8);
        json.WriteNumber("id"u8, id);
        json.WriteStartArray("channels"u8);
        foreach (var channel in channels)
        {
            json.WriteStartObject();
            json.WriteString("channel"u8, channel.Channel);
            if (channel.Name is not null) json.WriteString("name"u8, channel.Name);
            if (channel.Data is not null) MessageCodec.WriteRaw(json, "data"u8, channel.Data);
            json.WriteNumber("members"u8, channel.Members);
            json.WriteNumber("sequence"u8, channel.Sequence);
            json.WriteEndObject();
            if (written > 0 && output.Length - start + json.BytesPending + End > ProtocolConstants.MaxMessageBytes) return written;
            written++;
        }

        json.WriteEndArray();
        json.WriteBoolean("more"u8, next is not null);
        if (next is not null) json.WriteString("next"u8, next);
        FrameWriter.End(json, output);
        return written;
    }
}
