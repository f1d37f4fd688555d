using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads a user's list of channels with its counts, inside a reader's transaction.</summary>
internal static class ChannelLister
{
    private const string Channels = """
        SELECT c.id, c.name, c.title, c.kind, m.role, c.sequence, c.version, coalesce(r.sequence, 0), c.changed
        FROM members m JOIN channels c ON c.id = m.channel LEFT JOIN marks r ON r.channel = c.id AND r.user = m.user
        WHERE m.user = ? AND (c.changed < ? OR (c.changed = ? AND c.name > ?))
        ORDER BY c.changed DESC, c.name LIMIT ?
        """;

    public static ChannelPage List(SqliteSession session, string user, ChannelListPosition? before, int limit)
    {
        var changed = before?.Changed.ToUnixTimeMilliseconds() ?? long.MaxValue;
        var page = new ChannelPageBuilder(limit);
        using var rows = session.Use(Channels).Bind(user).Bind(changed).Bind(changed).Bind(before?.Channel ?? "").Bind(page.Rows);
        while (rows.Step() && page.TryAdd(Summary(session, rows, user), MessageRow.Time(rows.Int64(8))))
        {
        }

        return page.Build();
    }

    private static ChannelSummary Summary(SqliteSession session, Statement row, string user)
    {
        var id = row.Int64(0);
        var channel = row.Text(1);
        var sequence = row.Int64(5);
        var read = row.Int64(7);
        var (unread, mentions) = Tallies.Count(session, id, user, read, sequence);
        return new ChannelSummary(
            channel, row.NullableText(2), (ChannelKind)row.Int64(3), (ChannelRole)row.Int64(4), sequence, row.Int64(6), read,
            unread, mentions, sequence == 0 ? null : MessageReader.ReadMessage(session, channel, MessageKey.Of(id, sequence)));
    }
}
