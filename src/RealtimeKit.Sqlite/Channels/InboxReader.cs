using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads what inboxes need, inside a reader's transaction.</summary>
internal static class InboxReader
{
    // Up to so many memberships are looked at one by one. Beyond it, what changed is looked for among so many latest changes of everybody first.
    private const int Few = 500;

    private const string Memberships = """
        SELECT c.id, c.name, c.sequence, m.notify, coalesce(r.sequence, 0)
        FROM members m CROSS JOIN channels c ON c.id = m.channel LEFT JOIN marks r ON r.channel = m.channel AND r.user = m.user
        WHERE m.user = ? ORDER BY c.changed DESC, c.name
        """;

    private const string CountMemberships = "SELECT count(*) FROM (SELECT 1 FROM members WHERE user = ? LIMIT ?)";

    private const string Changed = """
        SELECT c.name FROM members m CROSS JOIN channels c ON c.id = m.channel LEFT JOIN marks r ON r.channel = m.channel AND r.user = m.user
        WHERE m.user = ?1 AND (m.stamp >= ?2 OR c.stamp >= ?2 OR r.stamp >= ?2) ORDER BY c.changed DESC, c.name
        """;

    private const string IsMember = "SELECT c.changed FROM channels c JOIN members m ON m.channel = c.id AND m.user = ? WHERE c.name = ?";

    private const string Removed = """
        SELECT name FROM departures WHERE user = ?1 AND stamp >= ?2
        UNION SELECT d.name FROM discarded d CROSS JOIN members m ON m.channel = d.channel AND m.user = ?1 WHERE d.stamp >= ?2 AND d.name IS NOT NULL
        """;

    private const string Touched = $"""
        SELECT name, NULL, stamp FROM channels WHERE era >= (?1 {Stamps.Era}) AND stamp >= ?1
        UNION ALL SELECT c.name, m.user, m.stamp FROM members m CROSS JOIN channels c ON c.id = m.channel WHERE m.stamp >= ?1
        UNION ALL SELECT c.name, r.user, r.stamp FROM marks r CROSS JOIN channels c ON c.id = r.channel WHERE r.stamp >= ?1
        UNION ALL SELECT name, user, stamp FROM departures WHERE stamp >= ?1
        UNION ALL SELECT name, NULL, stamp FROM discarded WHERE stamp >= ?1 AND name IS NOT NULL
        LIMIT ?2
        """;

    private const string Channel = "SELECT id FROM channels WHERE name = ?";

    public static InboxMemberships ListMemberships(SqliteSession session, string user)
    {
        var memberships = new List<InboxMembership>();
        using var rows = session.Use(Memberships).Bind(user);
        while (rows.Step())
        {
            var (unread, mentions) = Tallies.Count(session, rows.Int64(0), user, rows.Int64(4), rows.Int64(2));
            memberships.Add(new InboxMembership(rows.Text(1), (ChannelNotify)rows.Int64(3), unread, mentions));
        }

        return new InboxMemberships(Stamps.Position(session), memberships);
    }

    public static InboxDelta? FindChanged(SqliteSession session, string user, InboxPosition after)
    {
        var position = Stamps.Position(session);
        if (after.Epoch != position.Epoch || after.Stamp > position.Stamp) return null;
        if (after == position) return new InboxDelta(position, [], []);
        var changed = FindAmongTouched(session, user, after) ?? FindAmongMemberships(session, user, after);
        return new InboxDelta(position, changed, ListRemoved(session, user, after));
    }

    public static InboxTouched? FindTouched(SqliteSession session, InboxPosition after, int limit)
    {
        var position = Stamps.Position(session);
        if (after.Epoch != position.Epoch || after.Stamp > position.Stamp) return null;
        if (after == position) return new InboxTouched(position, [], More: false);
        var touches = new List<InboxTouch>();
        using var rows = session.Use(Touched).Bind(after.Stamp).Bind(limit + 1);
        for (var found = 0; rows.Step(); found++)
        {
            if (found == limit) return new InboxTouched(position, [], More: true);
            touches.Add(new InboxTouch(rows.Text(0), rows.NullableText(1), rows.Int64(2)));
        }

        return new InboxTouched(position, touches, More: false);
    }

    public static InboxRows ReadRows(SqliteSession session, IReadOnlyList<InboxKey> keys)
    {
        var rows = new ChannelSummary?[keys.Count];
        var ids = new Dictionary<string, long?>(StringComparer.Ordinal);
        var lasts = new Dictionary<long, Message?>();
        for (var i = 0; i < rows.Length; i++)
        {
            var (channel, user) = keys[i];
            if (!ids.TryGetValue(channel, out var id)) ids.Add(channel, id = session.Use(Channel).Bind(channel).Scalar());
            rows[i] = id is { } known ? ChannelLister.FindSummary(session, known, user, lasts) : null;
        }

        return new InboxRows(Stamps.Position(session), rows);
    }

    // Null where the user is in few channels, or too much changed.
    private static List<string>? FindAmongTouched(SqliteSession session, string user, InboxPosition after)
    {
        if (session.Use(CountMemberships).Bind(user).Bind(Few + 1).Scalar() <= Few) return null;
        if (FindTouched(session, after, Few) is not { More: false } touched) return null;
        return
        [
            .. touched.Touches.Where(touch => touch.User is null || touch.User == user).Select(static touch => touch.Channel).Distinct(StringComparer.Ordinal)
                .Select(channel => (Channel: channel, Changed: session.Use(IsMember).Bind(user).Bind(channel).Scalar()))
                .Where(static one => one.Changed is not null)
                .OrderByDescending(static one => one.Changed).ThenBy(static one => one.Channel, StringComparer.Ordinal).Select(static one => one.Channel),
        ];
    }

    private static List<string> FindAmongMemberships(SqliteSession session, string user, InboxPosition after)
    {
        var names = new List<string>();
        using var rows = session.Use(Changed).Bind(user).Bind(after.Stamp);
        while (rows.Step()) names.Add(rows.Text(0));
        return names;
    }

    private static List<string> ListRemoved(SqliteSession session, string user, InboxPosition after)
    {
        var names = new List<string>();
        using (var rows = session.Use(Removed).Bind(user).Bind(after.Stamp))
            while (rows.Step()) names.Add(rows.Text(0));
        // A channel of that name may have been made again.
        names.RemoveAll(name => session.Use(IsMember).Bind(user).Bind(name).Scalar() is not null);
        return names;
    }
}
