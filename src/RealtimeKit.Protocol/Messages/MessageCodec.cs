using System.Text.Json;

namespace RealtimeKit.Protocol;

/// <summary>A message as JSON, the same in events, pages and results.</summary>
internal static class MessageCodec
{
    /// <summary>Writes a message.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="message">The message.</param>
    /// <param name="truncated">Whether its text is cut, which the reader is told.</param>
    /// <param name="matches">In results, what of the text matches.</param>
    public static void Write(Utf8JsonWriter json, Message message, bool truncated = false, IReadOnlyList<TextRange>? matches = null)
    {
        json.WriteStartObject();
        json.WriteMessageId("id"u8, message.Id);
        json.WriteString("channel"u8, message.Channel);
        json.WriteNumber("sequence"u8, message.Sequence);
        json.WriteNumber("version"u8, message.Version);
        json.WriteString("sender"u8, message.Sender);
        json.WriteTime("time"u8, message.Time);
        WriteContent(json, message.Content);
        if (truncated) json.WriteBoolean("truncated"u8, true);
        if (message.ReplyTo is { } replyTo) json.WriteNumber("replyTo"u8, replyTo);
        if (message.Thread is { } thread) json.WriteNumber("thread"u8, thread);
        if (message.EditedAt is { } editedAt) json.WriteTime("editedAt"u8, editedAt);
        if (message.DeletedAt is { } deletedAt) json.WriteTime("deletedAt"u8, deletedAt);
        if (message.PinnedAt is { } pinnedAt) json.WriteTime("pinnedAt"u8, pinnedAt);
        if (message.PinnedBy is { } pinnedBy) json.WriteString("pinnedBy"u8, pinnedBy);
        if (message.Reactions.Count > 0) WriteReactions(json, message.Reactions);
        if (matches is not null) WriteMatches(json, matches);
        json.WriteEndObject();
    }

    private static void WriteMatches(Utf8JsonWriter json, IReadOnlyList<TextRange> matches)
    {
        json.WriteStartArray("matches"u8);
        foreach (var (start, length) in matches)
        {
            json.WriteStartArray();
            json.WriteNumberValue(start);
            json.WriteNumberValue(length);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    public static void WriteContent(Utf8JsonWriter json, MessageContent content)
    {
        if (content.Text is { } text) json.WriteString("text"u8, text);
        if (content.Data is { } data) WriteRaw(json, "data"u8, data);
        if (content.Attachments is { } attachments) WriteRaw(json, "attachments"u8, attachments);
        if (content.Mentions is { } mentions)
        {
            json.WriteStartArray("mentions"u8);
            foreach (var user in mentions) json.WriteStringValue(user);
            json.WriteEndArray();
        }
    }

    public static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonValue value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
    }

    public static void WriteReactions(Utf8JsonWriter json, IReadOnlyList<ReactionSummary> reactions)
    {
        json.WriteStartObject("reactions"u8);
        foreach (var (reaction, count, users) in reactions)
        {
            json.WriteStartObject(reaction);
            json.WriteNumber("count"u8, count);
            json.WriteStartArray("users"u8);
            foreach (var user in users) json.WriteStringValue(user);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; unknown fields are ignored.</summary>
    public static Message Read(JsonElement json)
    {
        return new Message
        {
            Id = MessageId.Parse(json.GetProperty("id"u8).GetString()!),
            Channel = json.GetProperty("channel"u8).GetString()!,
            Sequence = json.GetProperty("sequence"u8).GetInt64(),
            Version = json.GetProperty("version"u8).GetInt64(),
            Sender = json.GetProperty("sender"u8).GetString()!,
            Time = json.GetProperty("time"u8).GetDateTimeOffset(),
            Content = ReadContent(json),
            ReplyTo = Optional(json, "replyTo"u8)?.GetInt64(),
            Thread = Optional(json, "thread"u8)?.GetInt64(),
            EditedAt = Optional(json, "editedAt"u8)?.GetDateTimeOffset(),
            DeletedAt = Optional(json, "deletedAt"u8)?.GetDateTimeOffset(),
            PinnedAt = Optional(json, "pinnedAt"u8)?.GetDateTimeOffset(),
            PinnedBy = Optional(json, "pinnedBy"u8)?.GetString(),
            Reactions = Optional(json, "reactions"u8) is { } reactions ? ReadReactions(reactions) : [],
        };
    }

    public static IReadOnlyList<ReactionSummary> ReadReactions(JsonElement json) =>
        [.. json.EnumerateObject().Select(property => new ReactionSummary(
            property.Name,
            property.Value.GetProperty("count"u8).GetInt32(),
            Strings(property.Value.GetProperty("users"u8))))];

    public static JsonElement? Optional(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static MessageContent ReadContent(JsonElement json) => new(
        Optional(json, "text"u8)?.GetString(),
        Optional(json, "data"u8) is { } data ? JsonValue.FromElement(data) : null,
        Optional(json, "attachments"u8) is { } attachments ? JsonValue.FromElement(attachments) : null,
        Optional(json, "mentions"u8) is { } mentions ? Strings(mentions) : null);

    private static IReadOnlyList<string> Strings(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];
}
