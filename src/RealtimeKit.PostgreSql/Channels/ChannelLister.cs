using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Reads a user's list of channels with its counts, in one statement. What is unread is all that lies above the mark, less
/// the user's own messages and the deleted ones. None of the counts walks what it counts.
/// </summary>
internal static class ChannelLister
{
    public static readonly string Channels = $"""
        SELECT c.name, c.title, c.kind, c.role, c.sequence, c.version, c.read, c.changed,
            c.sequence - c.read - ({Sent.UpTo("c.sequence", "$1", "c.id")} - {Sent.UpTo("c.read", "$1", "c.id")}) - ({Tallies.DeletedOfOthers}),
            {Tallies.Mentions}, {MessageRow.Columns}
        FROM (
            SELECT c.*, coalesce(sum({MessageRow.Size}) OVER (
                ORDER BY c.changed DESC, c.name ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS before
            FROM (
                SELECT c.*, m.role, coalesce((SELECT sequence FROM marks WHERE channel = c.id AND user_id = $1), 0) AS read
                FROM members m JOIN channels c ON c.id = m.channel
                WHERE m.user_id = $1 AND (c.changed < $2 OR (c.changed = $2 AND c.name > $3))
                ORDER BY c.changed DESC, c.name LIMIT $4) c
            LEFT JOIN messages s ON s.channel = c.id AND s.sequence = c.sequence) c
        LEFT JOIN messages m ON m.channel = c.id AND m.sequence = c.sequence
        WHERE c.before < $5 ORDER BY c.changed DESC, c.name
        """;

    public static Task<ChannelPage> ListAsync(DatabaseSession session, string user, ChannelListPosition? before, int limit)
    {
        var page = new ChannelPageBuilder(limit);
        return session.RunOnceAsync(
            async rows =>
            {
                while (await rows.ReadAsync().ConfigureAwait(false) && page.TryAdd(Summary(rows), MessageRow.Time(rows.GetInt64(7))))
                {
                }

                return page.Build();
            },
            Sql.Command(
                Channels, Sql.Parameter(user), Sql.Parameter(before?.Changed.ToUnixTimeMilliseconds() ?? long.MaxValue),
                Sql.Parameter(before?.Channel ?? ""), Sql.Parameter((long)page.Rows), Sql.Parameter((long)ChannelPageBuilder.MaxBytes)));
    }

    private static ChannelSummary Summary(NpgsqlDataReader row)
    {
        const int last = 10;
        var channel = row.GetString(0);
        return new ChannelSummary(
            channel, MessageRow.Text(row, 1), (ChannelKind)row.GetInt16(2), (ChannelRole)row.GetInt16(3), row.GetInt64(4), row.GetInt64(5),
            row.GetInt64(6), row.GetInt64(8), row.GetInt64(9), row.IsDBNull(last) ? null : MessageRow.Read(row, last, channel));
    }
}
