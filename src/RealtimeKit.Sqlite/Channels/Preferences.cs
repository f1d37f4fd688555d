using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Reads and changes what members have set for themselves.</summary>
internal static class Preferences
{
    /// <summary>The columns of the member <c>m</c>.</summary>
    public const string Columns = "m.notify, m.pinned, m.hidden";

    private const string Find =
        $"SELECT c.id, c.sequence, m.role, {Columns} FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user = ? WHERE c.name = ?";

    private const string Put = "UPDATE members SET notify = ?, pinned = ?, hidden = ?, stamp = ? WHERE channel = ? AND user = ?";

    public static MemberPreferences Read(Statement row, int at) =>
        new((ChannelNotify)row.Int64(at), row.Int64(at + 1) == 1, row.NullableInt64(at + 2));

    public static PreferenceResult Set(SqliteSession session, PreferenceChange change)
    {
        long channel, sequence;
        MemberPreferences? found;
        using (var row = session.Use(Find).Bind(change.User).Bind(change.Channel))
        {
            if (!row.Step()) return change.Decide(isThere: false, null, 0);
            (channel, sequence) = (row.Int64(0), row.Int64(1));
            found = row.IsNull(2) ? null : Read(row, 3);
        }

        var result = change.Decide(isThere: true, found, sequence);
        if (result.Outcome != PreferenceOutcome.Changed) return result;
        var after = result.Preferences;
        session.Use(Put).Bind((long)after.Notify).Bind(after.Pinned ? 1 : 0).Bind(after.HiddenAt).Bind(Stamps.Next(session))
            .Bind(channel).Bind(change.User).Execute();
        return result;
    }
}
