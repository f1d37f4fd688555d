using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Keeps and lists what moderators and owners did.</summary>
internal static class Actions
{
    // In this order they get their positions.
    public const string Insert = """
        INSERT INTO actions(channel, time, by_user, change, user_id, sequence, role, until, reason, data)
        SELECT channel, time, by_user, change, user_id, sequence, role, until, reason, data
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
            AS a(channel, time, by_user, change, user_id, sequence, role, until, reason, data, place) ORDER BY place
        """;

    public const string List = """
        SELECT a.position, a.time, a.by_user, a.change, a.user_id, a.sequence, a.role, a.until, a.reason, a.data
        FROM channels c
        CROSS JOIN LATERAL (SELECT * FROM actions WHERE channel = c.id AND position < $2 ORDER BY position DESC LIMIT $3) a
        WHERE c.name = $1 ORDER BY a.position DESC
        """;

    public static Npgsql.NpgsqlBatchCommand? Keep(IEnumerable<(long Channel, ChannelAction Action)> actions)
    {
        (long Channel, ChannelAction Action)[] rows = [.. actions];
        return rows.Length == 0 ? null : Sql.Command(
            Insert,
            Sql.Parameter(Array.ConvertAll(rows, row => row.Channel)), Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Time.ToUnixTimeMilliseconds())),
            Sql.Parameter(Array.ConvertAll(rows, row => row.Action.By)), Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Change)),
            Sql.Parameter(Array.ConvertAll(rows, row => row.Action.User)), Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Sequence)),
            Sql.Parameter(Array.ConvertAll(rows, row => (short?)row.Action.Role)), Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Until?.ToUnixTimeMilliseconds())),
            Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Reason)), Sql.Parameter(Array.ConvertAll(rows, row => row.Action.Data?.ToString())));
    }

    public static Task<ActionPage> ListAsync(DatabaseSession session, string channel, long? before, int limit) => session.RunAsync(
        async rows =>
        {
            var actions = new List<ChannelAction>();
            var last = 0L;
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (actions.Count == limit) return new ActionPage(actions, last);
                last = rows.GetInt64(0);
                actions.Add(new ChannelAction(
                    MessageRow.Time(rows.GetInt64(1)), rows.GetString(2), rows.GetString(3), MessageRow.Text(rows, 4),
                    rows.IsDBNull(5) ? null : rows.GetInt64(5), rows.IsDBNull(6) ? null : (ChannelRole)rows.GetInt16(6),
                    rows.IsDBNull(7) ? null : MessageRow.Time(rows.GetInt64(7)), MessageRow.Text(rows, 8), MessageRow.Json(rows, 9)));
            }

            return new ActionPage(actions, null);
        },
        Sql.Command(List, Sql.Parameter(channel), Sql.Parameter(before ?? long.MaxValue), Sql.Parameter((long)limit + 1)));
}
