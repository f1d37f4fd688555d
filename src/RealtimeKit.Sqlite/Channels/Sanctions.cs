using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads and writes bans and mutes.</summary>
internal static class Sanctions
{
    public const long Ban = 0;
    public const long Mute = 1;

    private const string Select = "SELECT time, until, by, reason FROM sanctions WHERE channel = ? AND kind = ? AND user = ?";

    private const string Upsert = """
        INSERT INTO sanctions(channel, kind, user, time, until, by, reason) VALUES(?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET time = excluded.time, until = excluded.until, by = excluded.by, reason = excluded.reason
        """;

    private const string SelectBans = """
        SELECT s.user, s.time, s.until, s.by, s.reason FROM channels c JOIN sanctions s ON s.channel = c.id AND s.kind = 0
        WHERE c.name = ? AND s.user > ? AND (s.until IS NULL OR s.until > ?) ORDER BY s.user LIMIT ?
        """;

    public static Sanction? Find(SqliteSession session, long channel, long kind, string user)
    {
        using var row = session.Use(Select).Bind(channel).Bind(kind).Bind(user);
        return row.Step() ? Read(row, 0) : null;
    }

    public static void Write(SqliteSession session, long channel, long kind, string user, Sanction? sanction)
    {
        if (sanction is null)
        {
            session.Use("DELETE FROM sanctions WHERE channel = ? AND kind = ? AND user = ?").Bind(channel).Bind(kind).Bind(user).Execute();
            return;
        }

        session.Use(Upsert).Bind(channel).Bind(kind).Bind(user).Bind(sanction.Time.ToUnixTimeMilliseconds())
            .Bind(sanction.Until?.ToUnixTimeMilliseconds()).Bind(sanction.By).Bind(sanction.Reason).Execute();
    }

    public static BanPage ListBans(SqliteSession session, string channel, string? after, int limit, DateTimeOffset time)
    {
        using var rows = session.Use(SelectBans).Bind(channel).Bind(after ?? "").Bind(time.ToUnixTimeMilliseconds()).Bind(limit + 1);
        var bans = new List<ChannelBan>();
        while (rows.Step())
        {
            if (bans.Count == limit) return new BanPage(bans, true);
            var ban = Read(rows, 1);
            bans.Add(new ChannelBan(rows.Text(0), ban.By, ban.Time, ban.Until, ban.Reason));
        }

        return new BanPage(bans, false);
    }

    private static Sanction Read(Statement row, int at) => new(
        row.NullableText(at + 2), MessageRow.Time(row.Int64(at)), row.NullableInt64(at + 1) is { } until ? MessageRow.Time(until) : null,
        row.NullableText(at + 3));
}
