using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Directory;

/// <summary>
/// Reads a user's list of channels with its counts, in one statement. What is unread is all that lies above the mark, less
/// the user's own messages and the deleted ones: so a channel that was never read costs no more than one that was.
/// </summary>
internal static class ChannelLister
{
    public const string Channels = $"""
        SELECT c.name, c.title, c.kind, c.role, c.sequence, c.version, r.read, c.changed,
            c.sequence - r.read - (
                SELECT count(*) FROM messages WHERE sender = $1 AND channel = c.id AND sequence > r.read) - (
                SELECT count(*) FROM messages WHERE channel = c.id AND sequence > r.read AND deleted IS NOT NULL AND sender <> $1),
            (SELECT count(*) FROM mentions WHERE channel = c.id AND user_id = $1 AND sequence > r.read),
            {MessageRow.Columns}
        FROM (
            SELECT c.*, m.role FROM members m JOIN channels c ON c.id = m.channel
            WHERE m.user_id = $1 AND (c.changed < $2 OR (c.changed = $2 AND c.name > $3))
            ORDER BY c.changed DESC, c.name LIMIT $4) c
        CROSS JOIN LATERAL (SELECT coalesce((SELECT sequence FROM marks WHERE channel = c.id AND user_id = $1), 0) AS read OFFSET 0) r
        LEFT JOIN messages m ON m.channel = c.id AND m.sequence = c.sequence
        ORDER BY c.changed DESC, c.name
        """;

    public static Task<ChannelPage> ListAsync(Session session, string user, ChannelListPosition? before, int limit) => session.RunOnceAsync(
        async rows =>
        {
            var channels = new List<ChannelSummary>();
            var last = default(ChannelListPosition);
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (channels.Count == limit) return new ChannelPage(channels, last.ToString());
                channels.Add(Summary(rows));
                last = new ChannelListPosition(MessageRow.Time(rows.GetInt64(7)), rows.GetString(0));
            }

            return new ChannelPage(channels, null);
        },
        Sql.Command(
            Channels, Sql.Parameter(user), Sql.Parameter(before?.Changed.ToUnixTimeMilliseconds() ?? long.MaxValue),
            Sql.Parameter(before?.Channel ?? ""), Sql.Parameter((long)limit + 1)));

    private static ChannelSummary Summary(NpgsqlDataReader row)
    {
        const int last = 10;
        var channel = row.GetString(0);
        return new ChannelSummary(
            channel, MessageRow.Text(row, 1), (ChannelKind)row.GetInt16(2), (ChannelRole)row.GetInt16(3), row.GetInt64(4), row.GetInt64(5),
            row.GetInt64(6), row.GetInt64(8), row.GetInt64(9), row.IsDBNull(last) ? null : MessageRow.Read(row, last, channel));
    }
}
