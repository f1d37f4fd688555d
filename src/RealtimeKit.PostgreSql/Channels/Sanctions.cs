using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Reads and writes bans and mutes.</summary>
internal static class Sanctions
{
    public const short Ban = 0;
    public const short Mute = 1;

    /// <summary>The ban and the mute of a user, as <see cref="Join"/> finds them.</summary>
    public const string Columns = "b.time, b.until, b.by_user, b.reason, q.time, q.until, q.by_user, q.reason";

    /// <summary>Finds the ban and the mute of the user <c>$2</c> in the channel <c>c</c>.</summary>
    public const string Join = """
        LEFT JOIN sanctions b ON b.channel = c.id AND b.kind = 0 AND b.user_id = $2
        LEFT JOIN sanctions q ON q.channel = c.id AND q.kind = 1 AND q.user_id = $2
        """;

    public const string List = """
        SELECT s.user_id, s.time, s.until, s.by_user, s.reason
        FROM channels c
        CROSS JOIN LATERAL (
            SELECT * FROM sanctions
            WHERE channel = c.id AND kind = 0 AND user_id > $2 AND (until IS NULL OR until > $4) ORDER BY user_id LIMIT $3) s
        WHERE c.name = $1 ORDER BY s.user_id
        """;

    public const string Put = """
        INSERT INTO sanctions(channel, kind, user_id, time, until, by_user, reason) VALUES($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (channel, kind, user_id)
        DO UPDATE SET time = excluded.time, until = excluded.until, by_user = excluded.by_user, reason = excluded.reason
        """;

    public const string Remove = "DELETE FROM sanctions WHERE channel = $1 AND kind = $2 AND user_id = $3";

    private const int ColumnsEach = 4;

    public static Sanction? ReadBan(NpgsqlDataReader row, int at) => Read(row, at);

    public static Sanction? ReadMute(NpgsqlDataReader row, int at) => Read(row, at + ColumnsEach);

    public static NpgsqlBatchCommand Write(long channel, short kind, string user, Sanction? sanction) => sanction is null
        ? Sql.Command(Remove, Sql.Parameter(channel), Sql.Parameter(kind), Sql.Parameter(user))
        : Sql.Command(
            Put, Sql.Parameter(channel), Sql.Parameter(kind), Sql.Parameter(user), Sql.Parameter(sanction.Time.ToUnixTimeMilliseconds()),
            Sql.Parameter(sanction.Until?.ToUnixTimeMilliseconds()), Sql.Parameter(sanction.By), Sql.Parameter(sanction.Reason));

    public static Task<BanPage> ListBansAsync(DatabaseSession session, string channel, string? after, int limit, DateTimeOffset time) => session.RunAsync(
        async rows =>
        {
            var bans = new List<ChannelBan>();
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (bans.Count == limit) return new BanPage(bans, true);
                var ban = Read(rows, 1)!;
                bans.Add(new ChannelBan(rows.GetString(0), ban.By, ban.Time, ban.Until, ban.Reason));
            }

            return new BanPage(bans, false);
        },
        Sql.Command(
            List, Sql.Parameter(channel), Sql.Parameter(after ?? ""), Sql.Parameter((long)limit + 1), Sql.Parameter(time.ToUnixTimeMilliseconds())));

    private static Sanction? Read(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : new Sanction(
        MessageRow.Text(row, at + 2), MessageRow.Time(row.GetInt64(at)), row.IsDBNull(at + 1) ? null : MessageRow.Time(row.GetInt64(at + 1)),
        MessageRow.Text(row, at + 3));
}
