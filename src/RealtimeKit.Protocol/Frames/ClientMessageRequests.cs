using System.Buffers;
using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>Writes the frames with which a client posts, changes and reads messages. Each method appends one frame.</summary>
internal static class ClientMessageRequests
{
    /// <summary>The <c>message</c> of a publish by itself: it stays the same however often it is sent.</summary>
    public static byte[] Message(MessageId id, MessageContent content, long? replyTo)
    {
        using var buffer = new FrameBuffer();
        using (var json = new Utf8JsonWriter(buffer, FrameWriter.Options))
        {
            json.WriteStartObject();
            json.WriteMessageId("id"u8, id);
            MessageCodec.WriteContent(json, content);
            if (replyTo is { } sequence) json.WriteNumber("replyTo"u8, sequence);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static void Publish(IBufferWriter<byte> output, long id, string channel, ReadOnlySpan<byte> message)
    {
        var json = ClientRequests.Begin(output, "publish"u8, id, channel);
        json.WritePropertyName("message"u8);
        json.WriteRawValue(message, skipInputValidation: true);
        FrameWriter.End(json, output);
    }

    /// <summary>An edit: what <paramref name="content"/> has is replaced, what is named in <paramref name="removed"/> goes, the rest stays.</summary>
    public static void Edit(
        IBufferWriter<byte> output, long id, string channel, long sequence, MessageContent content, IEnumerable<string> removed)
    {
        var json = ClientRequests.Begin(output, "edit"u8, id, channel);
        json.WriteNumber("sequence"u8, sequence);
        MessageCodec.WriteContent(json, content);
        foreach (var part in removed) json.WriteNull(part);
        FrameWriter.End(json, output);
    }

    /// <summary>A request that names one message and nothing else: <c>delete</c>, <c>pin</c>, <c>reactions</c>, <c>read</c>.</summary>
    public static void OfMessage(IBufferWriter<byte> output, ReadOnlySpan<byte> type, long id, string channel, long sequence)
    {
        var json = ClientRequests.Begin(output, type, id, channel);
        json.WriteNumber("sequence"u8, sequence);
        FrameWriter.End(json, output);
    }

    public static void React(IBufferWriter<byte> output, long id, string channel, long sequence, string reaction, bool remove)
    {
        var json = ClientRequests.Begin(output, "react"u8, id, channel);
        json.WriteNumber("sequence"u8, sequence);
        json.WriteString("reaction"u8, reaction);
        if (remove) json.WriteBoolean("remove"u8, true);
        FrameWriter.End(json, output);
    }

    public static void Search(IBufferWriter<byte> output, long id, string query, SearchOptions options)
    {
        var json = ClientRequests.Begin(output, "search"u8, id, options.Channel);
        json.WriteString("query"u8, query);
        if (options.Sender is { } sender) json.WriteString("sender"u8, sender);
        if (options.Since is { } since) json.WriteTime("since"u8, since);
        if (options.Until is { } until) json.WriteTime("until"u8, until);
        if (options.Limit is { } limit) json.WriteNumber("limit"u8, limit);
        if (options.Before is { } before) json.WriteString("before"u8, before);
        FrameWriter.End(json, output);
    }

    public static void History(
        IBufferWriter<byte> output, long id, string channel, long? before, long? after, long? thread, int? limit, bool pinned = false)
    {
        var json = ClientRequests.Begin(output, "history"u8, id, channel);
        if (before is { } end) json.WriteNumber("before"u8, end);
        if (after is { } start) json.WriteNumber("after"u8, start);
        if (thread is { } root) json.WriteNumber("thread"u8, root);
        if (limit is { } most) json.WriteNumber("limit"u8, most);
        if (pinned) json.WriteBoolean("pinned"u8, true);
        FrameWriter.End(json, output);
    }
}
