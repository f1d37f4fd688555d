using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Reads what inboxes need. A stamp is the number of the transaction that wrote it, and a position is the lowest number that may still be
/// under way: whatever is not visible yet has a stamp at or above it, however late it commits.
/// </summary>
internal static class InboxReader
{
    public const string Position = """
        SELECT e.epoch, txid_snapshot_xmin(s.snapshot), txid_snapshot_xmax(s.snapshot)
        FROM inbox_epoch e CROSS JOIN (SELECT txid_current_snapshot() AS snapshot) s
        """;

    public const string Memberships = $"""
        SELECT c.name, c.notify,
            CASE WHEN c.read >= c.sequence THEN 0 ELSE {Tallies.Unread} END, CASE WHEN c.read >= c.sequence THEN 0 ELSE {Tallies.Mentions} END
        FROM (
            SELECT c.*, {Tallies.Edge} AS edge FROM (
                SELECT k.id, k.name, k.sequence, k.changed, m.user_id, m.notify, coalesce(r.sequence, 0) AS read
                FROM members m CROSS JOIN LATERAL (SELECT * FROM channels WHERE id = m.channel LIMIT 1) k
                LEFT JOIN marks r ON r.channel = m.channel AND r.user_id = m.user_id
                WHERE m.user_id = $1) c) c
        ORDER BY c.changed DESC, c.name
        """;

    public const string IsInMany = "SELECT count(*) > $2 FROM (SELECT FROM members WHERE user_id = $1 LIMIT $2 + 1) m";

    public const string Changed = """
        SELECT c.name FROM members m CROSS JOIN LATERAL (SELECT * FROM channels WHERE id = m.channel LIMIT 1) c
        LEFT JOIN marks r ON r.channel = m.channel AND r.user_id = m.user_id
        WHERE m.user_id = $1 AND (m.stamp >= $2 OR c.stamp >= $2 OR r.stamp >= $2) ORDER BY c.changed DESC, c.name
        """;

    public const string ChangedAmong = """
        SELECT c.name FROM unnest($2) AS w(name) CROSS JOIN LATERAL (SELECT * FROM channels WHERE name = w.name LIMIT 1) c
        WHERE EXISTS (SELECT FROM members WHERE channel = c.id AND user_id = $1) ORDER BY c.changed DESC, c.name
        """;

    // A channel of the name may have been made again.
    public const string Removed = """
        SELECT l.name FROM (
            SELECT name FROM departures WHERE user_id = $1 AND stamp >= $2
            UNION
            SELECT d.name FROM discarded d WHERE d.stamp >= $2 AND d.name IS NOT NULL
                AND EXISTS (SELECT FROM members WHERE channel = d.channel AND user_id = $1)) l
        WHERE NOT EXISTS (SELECT FROM channels c JOIN members m ON m.channel = c.id AND m.user_id = $1 WHERE c.name = l.name)
        """;

    public const string Touched = """
        (SELECT name, NULL::text, stamp FROM channels WHERE era >= $1 >> 10 AND stamp >= $1)
        UNION ALL (SELECT c.name, m.user_id, m.stamp FROM members m JOIN channels c ON c.id = m.channel WHERE m.stamp >= $1)
        UNION ALL (SELECT c.name, r.user_id, r.stamp FROM marks r JOIN channels c ON c.id = r.channel WHERE r.era >= $1 >> 10 AND r.stamp >= $1)
        UNION ALL (SELECT name, user_id, stamp FROM departures WHERE stamp >= $1)
        UNION ALL (SELECT name, NULL, stamp FROM discarded WHERE stamp >= $1 AND name IS NOT NULL)
        LIMIT $2
        """;

    public const string Channels = $"""
        SELECT c.name, c.kind, c.sequence, c.version, c.changed, {Settings.Columns}, {MessageRow.Columns}
        FROM unnest($1) AS w(name) CROSS JOIN LATERAL (SELECT * FROM channels WHERE name = w.name LIMIT 1) c
        LEFT JOIN LATERAL (SELECT * FROM messages WHERE channel = c.id AND sequence = c.sequence LIMIT 1) m ON true
        """;

    public const string Rows = $"""
        SELECT c.place, c.role, c.notify, c.pinned, c.hidden, c.read,
            CASE WHEN c.read >= c.sequence THEN 0 ELSE {Tallies.Unread} END, CASE WHEN c.read >= c.sequence THEN 0 ELSE {Tallies.Mentions} END
        FROM (
            SELECT c.*, {Tallies.Edge} AS edge FROM (
                SELECT w.place, w.user_id, k.id, k.sequence, m.role, m.notify, m.pinned, m.hidden, coalesce(r.sequence, 0) AS read
                FROM unnest($1, $2) WITH ORDINALITY AS w(name, user_id, place)
                CROSS JOIN LATERAL (SELECT * FROM channels WHERE name = w.name LIMIT 1) k
                CROSS JOIN LATERAL (SELECT * FROM members WHERE channel = k.id AND user_id = w.user_id LIMIT 1) m
                LEFT JOIN LATERAL (SELECT sequence FROM marks WHERE channel = k.id AND user_id = w.user_id LIMIT 1) r ON true) c) c
        """;

    // Up to so many memberships are looked at one by one. Beyond it, what changed is looked for among so many latest changes of everybody first.
    private const long Few = 500;

    private const string Begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    public static Task<InboxMemberships> ListMembershipsAsync(DatabaseSession session, string user) => session.RunAsync(
        static async rows =>
        {
            var (position, _) = await ReadPositionAsync(rows).ConfigureAwait(false);
            var memberships = new List<InboxMembership>();
            while (await rows.ReadAsync().ConfigureAwait(false))
                memberships.Add(new InboxMembership(rows.GetString(0), (ChannelNotify)rows.GetInt16(1), rows.GetInt64(2), rows.GetInt64(3)));
            return new InboxMemberships(position, memberships);
        },
        Sql.Command(Begin), Sql.Command(Position), Sql.Command(Memberships, Sql.Parameter(user)), Sql.Command("COMMIT"));

    public static async Task<InboxDelta?> FindChangedAsync(DatabaseSession session, string user, InboxPosition after)
    {
        var isInMany = await session.RunAsync(
            static async rows => await rows.ReadAsync().ConfigureAwait(false) && rows.GetBoolean(0),
            Sql.Command(IsInMany, Sql.Parameter(user), Sql.Parameter(Few))).ConfigureAwait(false);
        if (isInMany)
        {
            if (await FindTouchedAsync(session, after, (int)Few).ConfigureAwait(false) is not { } touched) return null;
            if (!touched.More) return await FindAmongAsync(session, user, after, touched).ConfigureAwait(false);
        }

        return await session.RunAsync(
            async rows => await ReadPositionAsync(rows).ConfigureAwait(false) is var (position, end) && !IsUsable(after, position, end) ? null
                : new InboxDelta(position, await ReadNamesAsync(rows).ConfigureAwait(false), await ReadNextNamesAsync(rows).ConfigureAwait(false)),
            Sql.Command(Begin), Sql.Command(Position), Sql.Command(Changed, Sql.Parameter(user), Sql.Parameter(after.Stamp)),
            Sql.Command(Removed, Sql.Parameter(user), Sql.Parameter(after.Stamp)), Sql.Command("COMMIT")).ConfigureAwait(false);
    }

    public static Task<InboxTouched?> FindTouchedAsync(DatabaseSession session, InboxPosition after, int limit) => session.RunAsync(
        async rows =>
        {
            var (position, end) = await ReadPositionAsync(rows).ConfigureAwait(false);
            if (!IsUsable(after, position, end)) return null;
            var touches = new List<InboxTouch>();
            for (var found = 0; await rows.ReadAsync().ConfigureAwait(false); found++)
            {
                if (found == limit) return new InboxTouched(position, [], More: true);
                touches.Add(new InboxTouch(rows.GetString(0), MessageRow.Text(rows, 1), rows.GetInt64(2)));
            }

            return new InboxTouched(position, touches, More: false);
        },
        Sql.Command(Begin), Sql.Command(Position), Sql.Command(Touched, Sql.Parameter(after.Stamp), Sql.Parameter((long)limit + 1)), Sql.Command("COMMIT"));

    public static Task<InboxRows> ReadRowsAsync(DatabaseSession session, IReadOnlyList<InboxKey> keys) => session.RunAsync(
        async rows =>
        {
            var (position, _) = await ReadPositionAsync(rows).ConfigureAwait(false);
            var channels = new Dictionary<string, ChannelSummary>(StringComparer.Ordinal);
            while (await rows.ReadAsync().ConfigureAwait(false)) channels.Add(rows.GetString(0), ReadChannel(rows));
            await rows.NextResultAsync().ConfigureAwait(false);
            var result = new ChannelSummary?[keys.Count];
            while (await rows.ReadAsync().ConfigureAwait(false))
            {
                var place = rows.GetInt64(0) - 1;
                result[place] = ReadRow(rows, channels[keys[(int)place].Channel]);
            }

            return new InboxRows(position, result);
        },
        Sql.Command(Begin),
        Sql.Command(Position),
        Sql.Command(Channels, Sql.Parameter(keys.Select(static key => key.Channel).Distinct(StringComparer.Ordinal).ToArray())),
        Sql.Command(Rows, Sql.Parameter(keys.Select(static key => key.Channel).ToArray()), Sql.Parameter(keys.Select(static key => key.User).ToArray())),
        Sql.Command("COMMIT"));

    private static async Task<InboxDelta> FindAmongAsync(DatabaseSession session, string user, InboxPosition after, InboxTouched touched)
    {
        string[] names = [.. touched.Touches.Where(touch => touch.User is null || touch.User == user).Select(static touch => touch.Channel).Distinct(StringComparer.Ordinal)];
        // Later than the position, which is no harm: whatever came between has a stamp at or above it.
        return await session.RunAsync(
            async rows => new InboxDelta(touched.Position, await ReadNamesAsync(rows).ConfigureAwait(false), await ReadNextNamesAsync(rows).ConfigureAwait(false)),
            Sql.Command(Begin), Sql.Command(ChangedAmong, Sql.Parameter(user), Sql.Parameter(names)),
            Sql.Command(Removed, Sql.Parameter(user), Sql.Parameter(after.Stamp)), Sql.Command("COMMIT")).ConfigureAwait(false);
    }

    private static bool IsUsable(InboxPosition after, InboxPosition position, long end) => after.Epoch == position.Epoch && after.Stamp <= end;

    private static async Task<(InboxPosition Position, long End)> ReadPositionAsync(NpgsqlDataReader rows)
    {
        // The schema has one row.
        await rows.ReadAsync().ConfigureAwait(false);
        var position = new InboxPosition(rows.GetString(0), rows.GetInt64(1));
        var end = rows.GetInt64(2);
        await rows.NextResultAsync().ConfigureAwait(false);
        return (position, end);
    }

    private static async Task<List<string>> ReadNamesAsync(NpgsqlDataReader rows)
    {
        var names = new List<string>();
        while (await rows.ReadAsync().ConfigureAwait(false)) names.Add(rows.GetString(0));
        return names;
    }

    private static async Task<List<string>> ReadNextNamesAsync(NpgsqlDataReader rows)
    {
        await rows.NextResultAsync().ConfigureAwait(false);
        return await ReadNamesAsync(rows).ConfigureAwait(false);
    }

    // What is the same for all members.
    private static ChannelSummary ReadChannel(NpgsqlDataReader row)
    {
        const int settings = 5;
        const int last = settings + Settings.Count;
        var channel = row.GetString(0);
        var set = Settings.Read(row, settings);
        return new ChannelSummary(
            channel, set.Name, (ChannelKind)row.GetInt16(1), default, row.GetInt64(2), row.GetInt64(3), 0, 0, 0,
            row.IsDBNull(last) ? null : MessageRow.Read(row, last, channel), set.Data, set.Closed, Changed: MessageRow.Time(row.GetInt64(4)));
    }

    private static ChannelSummary ReadRow(NpgsqlDataReader row, ChannelSummary channel)
    {
        var preferences = Preferences.Read(row, 2);
        return channel with
        {
            Role = (ChannelRole)row.GetInt16(1), Notify = preferences.Notify, Pinned = preferences.Pinned,
            Hidden = preferences.IsHiddenAt(channel.Sequence), Read = row.GetInt64(5), Unread = row.GetInt64(6), Mentions = row.GetInt64(7),
        };
    }
}
