using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>A message as a row: the columns and how to read and bind them.</summary>
internal static class MessageRow
{
    public const string Columns = """
        key, change, id, id_text, sender, time, text, data, attachments, mentions, reply_to, thread, edited, deleted, pinned, pinned_by,
        (SELECT reactions FROM summaries WHERE message = key)
        """;

    /// <summary>Reads the <see cref="Columns"/> of the present row.</summary>
    public static Message Read(Statement row, string channel)
    {
        return new Message
        {
            Channel = channel,
            Sequence = MessageKey.Number(row.Int64(0)),
            Version = MessageKey.Number(row.Int64(1)),
            Id = MessageId.FromStored(new Guid(row.Bytes(2), bigEndian: true), row.NullableText(3)),
            Sender = row.Text(4),
            Time = Time(row.Int64(5)),
            Content = new MessageContent(row.NullableText(6), Json(row, 7), Json(row, 8), MessageColumns.ReadMentions(row.NullableText(9))),
            ReplyTo = row.NullableInt64(10),
            Thread = row.NullableInt64(11) is { } thread ? MessageKey.Number(thread) : null,
            EditedAt = row.NullableInt64(12) is { } edited ? Time(edited) : null,
            DeletedAt = row.NullableInt64(13) is { } deleted ? Time(deleted) : null,
            PinnedAt = row.NullableInt64(14) is { } pinned ? Time(pinned) : null,
            PinnedBy = row.NullableText(15),
            Reactions = row.IsNull(16) ? [] : MessageColumns.ReadReactions(row.Bytes(16)),
        };
    }

    /// <summary>Binds text, data, attachments and mentions.</summary>
    public static Statement BindContent(this Statement statement, MessageContent content) => statement
        .Bind(content.Text)
        .BindJson(content.Data)
        .BindJson(content.Attachments)
        .Bind(MessageColumns.WriteMentions(content.Mentions));

    /// <summary>Binds a UUID with its time first where it has one, so that new rows stand together in the index.</summary>
    public static Statement BindId(this Statement statement, MessageId id)
    {
        const int size = 16;
        Span<byte> bytes = stackalloc byte[size];
        id.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        return statement.BindBlob(bytes);
    }

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static Statement BindJson(this Statement statement, JsonValue? value) =>
        value is null ? statement.BindNull() : statement.BindText(value.Utf8.Span);

    private static JsonValue? Json(Statement row, int column) =>
        row.IsNull(column) ? null : JsonValue.FromTrusted(row.Bytes(column).ToArray());
}
