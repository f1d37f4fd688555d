using Npgsql;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>A message as a row: the columns and how to read them.</summary>
internal static class MessageRow
{
    /// <summary>The columns of <c>messages m</c>.</summary>
    public const string Columns = """
        m.sequence, m.version, m.id, m.id_text, m.sender, m.time, m.text, m.data, m.attachments, m.mentions,
        m.reply_to, m.thread, m.edited, m.deleted, m.pinned, m.pinned_by, m.reactions
        """;

    /// <summary>
    /// About how many bytes a row of <c>messages s</c> has: what a page measures, or less. It comes from what the columns say of themselves,
    /// without reading them.
    /// </summary>
    public const string Size = "250 + coalesce(octet_length(s.text), 0) + coalesce(octet_length(s.data), 0) + coalesce(octet_length(s.attachments), 0)";

    /// <summary>How many columns these are.</summary>
    public const int Count = 17;

    /// <summary>Reads the <see cref="Columns"/>, which begin at <paramref name="first"/>, of the present row.</summary>
    public static Message Read(NpgsqlDataReader row, int first, string channel) => new()
    {
        Channel = channel,
        Sequence = row.GetInt64(first),
        Version = row.GetInt64(first + 1),
        Id = MessageId.FromStored(row.GetGuid(first + 2), Text(row, first + 3)),
        Sender = row.GetString(first + 4),
        Time = Time(row.GetInt64(first + 5)),
        Content = new MessageContent(
            Text(row, first + 6), Json(row, first + 7), Json(row, first + 8), MessageColumns.ReadMentions(Text(row, first + 9))),
        ReplyTo = Number(row, first + 10),
        Thread = Number(row, first + 11),
        EditedAt = Number(row, first + 12) is { } edited ? Time(edited) : null,
        DeletedAt = Number(row, first + 13) is { } deleted ? Time(deleted) : null,
        PinnedAt = Number(row, first + 14) is { } pinned ? Time(pinned) : null,
        PinnedBy = Text(row, first + 15),
        Reactions = row.IsDBNull(first + 16) ? [] : MessageColumns.ReadReactions(row.GetFieldValue<byte[]>(first + 16)),
    };

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>The digest of a post as its column holds it.</summary>
    public static Guid Digest(PostChange post) => new(post.Digest.Span, bigEndian: true);

    private static long? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static JsonValue? Json(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : JsonValue.FromTrusted(row.GetFieldValue<byte[]>(column));
}
