using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Reads channels, members and marks, each in one statement.</summary>
internal static class ChannelReader
{
    public const string View = $"""
        SELECT c.epoch, c.version, c.sequence, c.revision, c.kind, c.created, m.role, coalesce(r.sequence, 0), {Sanctions.Columns}, {Settings.Columns},
            {Blocks.InChannel}, CASE m.role WHEN 1 THEN NOT EXISTS(SELECT FROM members WHERE channel = c.id AND role = 2) ELSE false END
        FROM channels c
        LEFT JOIN members m ON m.channel = c.id AND m.user_id = $2
        LEFT JOIN marks r ON r.channel = c.id AND r.user_id = $2
        {Sanctions.Join}
        WHERE c.name = $1
        """;

    public const string Members = """
        SELECT m.user_id, m.role, coalesce(r.sequence, 0), q.channel IS NOT NULL, q.until
        FROM channels c
        CROSS JOIN LATERAL (SELECT * FROM members WHERE channel = c.id AND user_id > $2 ORDER BY user_id LIMIT $3) m
        LEFT JOIN marks r ON r.channel = c.id AND r.user_id = m.user_id
        LEFT JOIN sanctions q ON q.channel = c.id AND q.kind = 1 AND q.user_id = m.user_id
        WHERE c.name = $1 ORDER BY m.user_id
        """;

    public const string MemberCount = """
        SELECT count(*) FROM (
            SELECT FROM channels c CROSS JOIN LATERAL (SELECT FROM members WHERE channel = c.id LIMIT $2) m WHERE c.name = $1) n
        """;

    public const string All = $"""
        SELECT c.name, c.kind, c.created, c.version, c.sequence, {Settings.Columns} FROM channels c
        WHERE c.name >= $1 AND c.name < $2 AND c.name > $3 ORDER BY c.name LIMIT $4
        """;

    public const string OwnReactions = """
        SELECT r.reaction FROM channels c JOIN reactions r ON r.channel = c.id
        WHERE c.name = $1 AND r.sequence = $2 AND r.user_id = $3
        """;

    public static Task<ChannelView?> FindAsync(DatabaseSession session, string channel, string user) => session.RunAsync(
        async rows => !await rows.ReadAsync().ConfigureAwait(false) ? null : new ChannelView(
            new ChannelHead(channel, rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3)),
            (ChannelKind)rows.GetInt16(4), Settings.Read(rows, 16), MessageRow.Time(rows.GetInt64(5)),
            rows.IsDBNull(6) ? null : (ChannelRole)rows.GetInt16(6), rows.GetInt64(7), Sanctions.ReadBan(rows, 8), Sanctions.ReadMute(rows, 8), rows.GetBoolean(20),
            rows.GetBoolean(21)),
        Sql.Command(View, Sql.Parameter(channel), Sql.Parameter(user)));

    public static Task<int> CountMembersAsync(DatabaseSession session, string channel, int most) => session.RunAsync(
        static async rows => await rows.ReadAsync().ConfigureAwait(false) ? (int)rows.GetInt64(0) : 0,
        Sql.Command(MemberCount, Sql.Parameter(channel), Sql.Parameter((long)most)));

    public static Task<ChannelInfoPage> ListAllAsync(DatabaseSession session, string prefix, string? after, int limit) => session.RunAsync(
        async rows =>
        {
            var channels = new List<ChannelInfo>();
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (channels.Count == limit) return new ChannelInfoPage(channels, true);
                channels.Add(new ChannelInfo(
                    rows.GetString(0), (ChannelKind)rows.GetInt16(1), Settings.Read(rows, 5), MessageRow.Time(rows.GetInt64(2)),
                    rows.GetInt64(3), rows.GetInt64(4)));
            }

            return new ChannelInfoPage(channels, false);
        },
        // The second is behind every name that begins with the prefix: no name of a channel has its last character.
        Sql.Command(
            All, Sql.Parameter(prefix), Sql.Parameter(prefix + '\u007f'), Sql.Parameter(after ?? ""), Sql.Parameter((long)limit + 1)));

    public static Task<MemberPage> ListMembersAsync(DatabaseSession session, string channel, string? after, int limit) => session.RunAsync(
        async rows =>
        {
            var members = new List<ChannelMember>();
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                if (members.Count == limit) return new MemberPage(members, true);
                members.Add(new ChannelMember(
                    rows.GetString(0), (ChannelRole)rows.GetInt16(1), rows.GetInt64(2), rows.GetBoolean(3),
                    rows.IsDBNull(4) ? null : MessageRow.Time(rows.GetInt64(4))));
            }

            return new MemberPage(members, false);
        },
        Sql.Command(Members, Sql.Parameter(channel), Sql.Parameter(after ?? ""), Sql.Parameter((long)limit + 1)));

    public static Task<IReadOnlyList<string>> ListOwnReactionsAsync(DatabaseSession session, string channel, long sequence, string user) => session.RunAsync(
        async rows =>
        {
            var reactions = new List<string>();
            while (await rows.ReadAsync().ConfigureAwait(false)) reactions.Add(rows.GetString(0));
            // PostgreSQL orders by UTF-8, the contract by UTF-16.
            reactions.Sort(StringComparer.Ordinal);
            return (IReadOnlyList<string>)reactions;
        },
        Sql.Command(OwnReactions, Sql.Parameter(channel), Sql.Parameter(sequence), Sql.Parameter(user)));
}
