using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Reads a user's list of channels with its counts, in one statement. What is unread is all that lies above the mark, less
/// the user's own messages and the deleted ones. None of the counts walks what it counts.
/// </summary>
internal static class ChannelLister
{
    /// <summary>
    /// Up to so many memberships are read and sorted. Beyond it, the list is looked for among so many of the latest of all channels first.
    /// </summary>
    public const long Few = 1_000;

    // The places of the page first, then what it shows of each. Among the latest, a row without a role is the last that was looked at: there
    // may be more behind it.
    public const string Channels = $"""
        WITH memberships AS MATERIALIZED (SELECT count(*) FROM (SELECT FROM members WHERE user_id = $1 LIMIT $6 + 1) m)
        SELECT c.name, c.kind, c.sequence, c.role, c.version, c.read, c.changed,
            {Tallies.Unread}, {Tallies.Mentions}, c.notify, c.pinned, c.hidden, {Settings.Columns}, {MessageRow.Columns}
        FROM (
            SELECT c.*, {Tallies.Edge} AS edge, coalesce(sum({MessageRow.Size}) OVER (
                ORDER BY c.changed DESC, c.name ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS before
            FROM (
                SELECT c.*, $1 AS user_id, p.role, p.notify, p.pinned, p.hidden, coalesce((SELECT sequence FROM marks WHERE channel = c.id AND user_id = $1), 0) AS read
                FROM (({OfUser}) UNION ALL ({AmongLatest})) p
                CROSS JOIN LATERAL (SELECT * FROM channels WHERE id = p.id LIMIT 1) c) c
            LEFT JOIN LATERAL (SELECT * FROM messages WHERE channel = c.id AND sequence = c.sequence LIMIT 1) s ON true) c
        LEFT JOIN LATERAL (SELECT * FROM messages WHERE channel = c.id AND sequence = c.sequence LIMIT 1) m ON true
        WHERE c.before < $5 ORDER BY c.changed DESC, c.name
        """;

    private const string OfUser = $"""
        SELECT c.id, m.role, {Preferences.Columns} FROM members m
        CROSS JOIN LATERAL (SELECT id, changed, name FROM channels WHERE id = m.channel LIMIT 1) c
        WHERE m.user_id = $1 AND {Behind} AND (SELECT count FROM memberships) <= $6 ORDER BY c.changed DESC, c.name LIMIT $4
        """;

    private const string AmongLatest = $"""
        SELECT c.id, m.role, {Preferences.Columns} FROM (
            SELECT c.*, row_number() OVER (ORDER BY recent DESC, changed DESC, name) AS place FROM channels c
            WHERE recent <= $2 >> 8 AND {Behind} AND (SELECT count FROM memberships) > $6
            ORDER BY recent DESC, changed DESC, name LIMIT $6) c
        LEFT JOIN LATERAL (SELECT role, notify, pinned, hidden FROM members WHERE channel = c.id AND user_id = $1 LIMIT 1) m ON true
        WHERE m.role IS NOT NULL OR c.place = $6 ORDER BY c.recent DESC, c.changed DESC, c.name LIMIT $4
        """;

    private const string Behind = "(c.changed < $2 OR (c.changed = $2 AND c.name > $3))";
    private const int Role = 3;

    public static async Task<ChannelPage> ListAsync(DatabaseSession session, string user, ChannelListPosition? before, int limit) =>
        await TryListAsync(session, user, before, limit, Few).ConfigureAwait(false)
        ?? (await TryListAsync(session, user, before, limit, long.MaxValue - 1).ConfigureAwait(false))!;

    // Null where the page is not full with what was looked at, and there is more to look at.
    private static Task<ChannelPage?> TryListAsync(DatabaseSession session, string user, ChannelListPosition? before, int limit, long few)
    {
        var page = new ChannelPageBuilder(limit);
        return session.RunAsync(
            async rows =>
            {
                while (await rows.ReadAsync().ConfigureAwait(false))
                {
                    if (rows.IsDBNull(Role)) return null;
                    if (!page.TryAdd(Summary(rows), MessageRow.Time(rows.GetInt64(6)))) break;
                }

                return page.Build();
            },
            Sql.Command(
                Channels, Sql.Parameter(user), Sql.Parameter(before?.Changed.ToUnixTimeMilliseconds() ?? long.MaxValue),
                Sql.Parameter(before?.Channel ?? ""), Sql.Parameter((long)page.Rows), Sql.Parameter((long)ChannelPageBuilder.MaxBytes),
                Sql.Parameter(few)));
    }

    private static ChannelSummary Summary(NpgsqlDataReader row)
    {
        const int settings = 12;
        const int last = settings + Settings.Count;
        var channel = row.GetString(0);
        var set = Settings.Read(row, settings);
        var preferences = Preferences.Read(row, 9);
        var sequence = row.GetInt64(2);
        return new ChannelSummary(
            channel, set.Name, (ChannelKind)row.GetInt16(1), (ChannelRole)row.GetInt16(Role), sequence, row.GetInt64(4),
            row.GetInt64(5), row.GetInt64(7), row.GetInt64(8), row.IsDBNull(last) ? null : MessageRow.Read(row, last, channel), set.Data, set.Closed,
            preferences.Notify, preferences.Pinned, preferences.IsHiddenAt(sequence), MessageRow.Time(row.GetInt64(6)));
    }
}
