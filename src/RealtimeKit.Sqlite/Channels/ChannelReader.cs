using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads channels, members and marks inside a reader's transaction.</summary>
internal static class ChannelReader
{
    private const string View = $"""
        SELECT c.id, c.epoch, c.version, c.sequence, c.revision, c.kind, c.created, m.role, coalesce(r.sequence, 0), {Settings.Columns},
            m.role = 1 AND NOT EXISTS(SELECT 1 FROM members WHERE channel = c.id AND role = 2)
        FROM channels c
        LEFT JOIN members m ON m.channel = c.id AND m.user = ?
        LEFT JOIN marks r ON r.channel = c.id AND r.user = ?
        WHERE c.name = ?
        """;

    private const string Members = """
        SELECT m.user, m.role, coalesce(r.sequence, 0), q.channel IS NOT NULL, q.until
        FROM channels c JOIN members m ON m.channel = c.id LEFT JOIN marks r ON r.channel = c.id AND r.user = m.user
        LEFT JOIN sanctions q ON q.channel = c.id AND q.kind = 1 AND q.user = m.user
        WHERE c.name = ? AND m.user > ? ORDER BY m.user LIMIT ?
        """;

    private const string MemberCount =
        "SELECT count(*) FROM (SELECT 1 FROM members WHERE channel = (SELECT id FROM channels WHERE name = ?) LIMIT ?)";

    private const string All = $"""
        SELECT c.name, c.kind, c.created, c.version, c.sequence, {Settings.Columns} FROM channels c
        WHERE c.name >= ? AND c.name < ? AND c.name > ? ORDER BY c.name LIMIT ?
        """;

    private const string OwnReactions = """
        SELECT reaction FROM reactions
        WHERE message = (SELECT id * 68719476736 + ? FROM channels WHERE name = ? AND ? BETWEEN 1 AND sequence) AND user = ?
        """;

    public static ChannelView? Find(SqliteSession session, string channel, string user)
    {
        using var row = session.Use(View).Bind(user).Bind(user).Bind(channel);
        if (!row.Step()) return null;
        var id = row.Int64(0);
        var head = new ChannelHead(channel, row.Text(1), row.Int64(2), row.Int64(3), row.Int64(4));
        var kind = (ChannelKind)row.Int64(5);
        return new ChannelView(
            head, kind, Settings.Read(row, 9), MessageRow.Time(row.Int64(6)),
            row.NullableInt64(7) is { } role ? (ChannelRole)role : null, row.Int64(8),
            Sanctions.Find(session, id, Sanctions.Ban, user), Sanctions.Find(session, id, Sanctions.Mute, user),
            kind == ChannelKind.Direct && Blocks.HasIn(session, id, user), row.NullableInt64(13) == 1);
    }

    public static int CountMembers(SqliteSession session, string channel, int most) =>
        (int)(session.Use(MemberCount).Bind(channel).Bind(most).Scalar() ?? 0);

    public static ChannelInfoPage ListAll(SqliteSession session, string prefix, string? after, int limit)
    {
        // Behind every name that begins with the prefix: no name of a channel has this character.
        using var rows = session.Use(All).Bind(prefix).Bind(prefix + '\u007f').Bind(after ?? "").Bind(limit + 1);
        var channels = new List<ChannelInfo>();
        while (rows.Step())
        {
            if (channels.Count == limit) return new ChannelInfoPage(channels, true);
            channels.Add(new ChannelInfo(
                rows.Text(0), (ChannelKind)rows.Int64(1), Settings.Read(rows, 5), MessageRow.Time(rows.Int64(2)), rows.Int64(3), rows.Int64(4)));
        }

        return new ChannelInfoPage(channels, false);
    }

    public static MemberPage ListMembers(SqliteSession session, string channel, string? after, int limit)
    {
        using var rows = session.Use(Members).Bind(channel).Bind(after ?? "").Bind(limit + 1);
        var members = new List<ChannelMember>();
        while (rows.Step())
        {
            if (members.Count == limit) return new MemberPage(members, true);
            members.Add(new ChannelMember(
                rows.Text(0), (ChannelRole)rows.Int64(1), rows.Int64(2), rows.Int64(3) == 1,
                rows.NullableInt64(4) is { } until ? MessageRow.Time(until) : null));
        }

        return new MemberPage(members, false);
    }

    public static IReadOnlyList<string> ListOwnReactions(SqliteSession session, string channel, long sequence, string user)
    {
        using var rows = session.Use(OwnReactions).Bind(sequence).Bind(channel).Bind(sequence).Bind(user);
        var reactions = new List<string>();
        while (rows.Step()) reactions.Add(rows.Text(0));
        // SQLite orders by UTF-8, the contract by UTF-16.
        reactions.Sort(StringComparer.Ordinal);
        return reactions;
    }
}
