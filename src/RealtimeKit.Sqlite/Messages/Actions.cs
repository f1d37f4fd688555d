using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Keeps and lists what moderators and owners did.</summary>
internal static class Actions
{
    public const string Remove = "DELETE FROM actions WHERE position IN (SELECT position FROM actions WHERE channel = ? LIMIT ?)";

    private const string Insert =
        "INSERT INTO actions(channel, time, by, change, user, sequence, role, until, reason, data) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    private const string Select = """
        SELECT a.position, a.time, a.by, a.change, a.user, a.sequence, a.role, a.until, a.reason, a.data
        FROM channels c JOIN actions a ON a.channel = c.id WHERE c.name = ? AND a.position < ? ORDER BY a.position DESC LIMIT ?
        """;

    public static void Keep(SqliteSession session, long channel, ChannelAction action) => session.Use(Insert)
        .Bind(channel).Bind(action.Time.ToUnixTimeMilliseconds()).Bind(action.By).Bind(action.Change).Bind(action.User).Bind(action.Sequence)
        .Bind((long?)action.Role).Bind(action.Until?.ToUnixTimeMilliseconds()).Bind(action.Reason).Bind(action.Data?.ToString()).Execute();

    public static ActionPage List(SqliteSession session, string channel, long? before, int limit)
    {
        using var rows = session.Use(Select).Bind(channel).Bind(before ?? long.MaxValue).Bind(limit + 1);
        var actions = new List<ChannelAction>();
        var last = 0L;
        while (rows.Step())
        {
            if (actions.Count == limit) return new ActionPage(actions, last);
            last = rows.Int64(0);
            actions.Add(new ChannelAction(
                MessageRow.Time(rows.Int64(1)), rows.Text(2), rows.Text(3), rows.NullableText(4), rows.NullableInt64(5), (ChannelRole?)rows.NullableInt64(6),
                rows.NullableInt64(7) is { } until ? MessageRow.Time(until) : null, rows.NullableText(8),
                rows.IsNull(9) ? null : JsonValue.FromTrusted(rows.Bytes(9).ToArray())));
        }

        return new ActionPage(actions, null);
    }
}
