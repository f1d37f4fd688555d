using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads a user's list of channels with its counts, inside a reader's transaction.</summary>
internal static class ChannelLister
{
    // Up to so many memberships are read and sorted. Beyond it, the list is looked for among so many of the latest of all channels first.
    private const int Few = 1_000;

    private const string CountMemberships = "SELECT count(*) FROM (SELECT 1 FROM members WHERE user = ? LIMIT ?)";

    private const string OfUser = """
        SELECT c.id, c.changed, m.role FROM members m CROSS JOIN channels c ON c.id = m.channel
        WHERE m.user = ? AND (c.changed < ? OR (c.changed = ? AND c.name > ?)) ORDER BY c.changed DESC, c.name LIMIT ?
        """;

    private const string Latest = """
        SELECT c.id, c.changed, m.role FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user = ?
        WHERE c.changed <= ? AND (c.changed < ? OR c.name > ?) ORDER BY c.changed DESC, c.name LIMIT ?
        """;

    private const string Channel = $"""
        SELECT c.name, c.kind, c.sequence, c.version, coalesce(r.sequence, 0), m.role, c.changed, {Preferences.Columns}, {Settings.Columns}
        FROM channels c JOIN members m ON m.channel = c.id AND m.user = ?1 LEFT JOIN marks r ON r.channel = c.id AND r.user = ?1 WHERE c.id = ?2
        """;

    public static ChannelPage List(SqliteSession session, string user, ChannelListPosition? before, int limit) =>
        (IsInMany(session, user) ? FindAmongLatest(session, user, before, limit) : null) ?? ListOfUser(session, user, before, limit);

    private static bool IsInMany(SqliteSession session, string user) =>
        session.Use(CountMemberships).Bind(user).Bind(Few + 1).Scalar() > Few;

    // Reads every membership of the user, and nothing of other channels.
    private static ChannelPage ListOfUser(SqliteSession session, string user, ChannelListPosition? before, int limit)
    {
        var changed = Changed(before);
        var page = new ChannelPageBuilder(limit);
        using var rows = session.Use(OfUser).Bind(user).Bind(changed).Bind(changed).Bind(before?.Channel ?? "").Bind(page.Rows);
        while (rows.Step() && TryAdd(session, page, rows, user))
        {
        }

        return page.Build();
    }

    // Null where the page is not full with what was looked at, and there is more to look at.
    private static ChannelPage? FindAmongLatest(SqliteSession session, string user, ChannelListPosition? before, int limit)
    {
        var changed = Changed(before);
        var page = new ChannelPageBuilder(limit);
        using var rows = session.Use(Latest).Bind(user).Bind(changed).Bind(changed).Bind(before?.Channel ?? "").Bind(Few);
        for (var seen = 0; seen < Few; seen++)
        {
            if (!rows.Step()) return page.Build();
            if (!rows.IsNull(2) && !TryAdd(session, page, rows, user)) return page.Build();
        }

        return null;
    }

    private static long Changed(ChannelListPosition? before) => before?.Changed.ToUnixTimeMilliseconds() ?? long.MaxValue;

    /// <summary>Reads a user's row of a channel; null where the user is no member.</summary>
    /// <param name="session">The reader.</param>
    /// <param name="id">The channel's number.</param>
    /// <param name="user">The user.</param>
    /// <param name="lasts">The last messages that were read already, by channel.</param>
    public static ChannelSummary? FindSummary(SqliteSession session, long id, string user, Dictionary<long, Message?> lasts)
    {
        using var row = session.Use(Channel).Bind(user).Bind(id);
        if (!row.Step()) return null;
        var channel = row.Text(0);
        var sequence = row.Int64(2);
        var read = row.Int64(4);
        var preferences = Preferences.Read(row, 7);
        var settings = Settings.Read(row, 10);
        var (unread, mentions) = Tallies.Count(session, id, user, read, sequence);
        if (!lasts.TryGetValue(id, out var last))
            lasts.Add(id, last = sequence == 0 ? null : MessageReader.ReadMessage(session, channel, MessageKey.Of(id, sequence)));
        return new ChannelSummary(
            channel, settings.Name, (ChannelKind)row.Int64(1), (ChannelRole)row.Int64(5), sequence, row.Int64(3), read, unread, mentions, last,
            settings.Data, settings.Closed, preferences.Notify, preferences.Pinned, preferences.IsHiddenAt(sequence), MessageRow.Time(row.Int64(6)));
    }

    // It is there: all is read in one view.
    private static bool TryAdd(SqliteSession session, ChannelPageBuilder page, Statement row, string user) =>
        page.TryAdd(FindSummary(session, row.Int64(0), user, [])!, MessageRow.Time(row.Int64(1)));
}
