using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Reads and changes what members have set for themselves, in two round trips: lock the member and read; write and commit.</summary>
internal static class Preferences
{
    /// <summary>The columns of the member <c>m</c>.</summary>
    public const string Columns = "m.notify, m.pinned, m.hidden";

    public const string Lock = "SELECT FROM members m JOIN channels c ON c.id = m.channel WHERE c.name = $1 AND m.user_id = $2 FOR NO KEY UPDATE OF m";

    // A statement of its own, so that it sees what was committed while the lock was waited for.
    public const string Find = $"""
        SELECT c.id, c.sequence, m.channel, {Columns} FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user_id = $2 WHERE c.name = $1
        """;

    public const string Put =
        "UPDATE members SET notify = $3, pinned = $4, hidden = $5, stamp = txid_current() WHERE channel = $1 AND user_id = $2";

    public static MemberPreferences Read(NpgsqlDataReader row, int at) =>
        new((ChannelNotify)row.GetInt16(at), row.GetBoolean(at + 1), row.IsDBNull(at + 2) ? null : row.GetInt64(at + 2));

    public static async Task<PreferenceResult> SetAsync(DatabaseSession session, PreferenceChange change)
    {
        var found = await session.RunAsync(
            ReadAsync,
            Sql.Command("BEGIN"),
            Sql.Command(Lock, Sql.Parameter(change.Channel), Sql.Parameter(change.User)),
            Sql.Command(Find, Sql.Parameter(change.Channel), Sql.Parameter(change.User))).ConfigureAwait(false);
        var result = change.Decide(found is not null, found?.Preferences, found?.Sequence ?? 0);
        var after = result.Preferences;
        if (result.Outcome != PreferenceOutcome.Changed) await session.RunAsync(Sql.Command("COMMIT")).ConfigureAwait(false);
        else
        {
            await session.RunAsync(
                Sql.Command(
                    Put, Sql.Parameter(found!.Value.Channel), Sql.Parameter(change.User), Sql.Parameter((short)after.Notify), Sql.Parameter(after.Pinned),
                    Sql.Parameter(after.HiddenAt)),
                Sql.Command("COMMIT")).ConfigureAwait(false);
        }

        return result;
    }

    private static async Task<(long Channel, long Sequence, MemberPreferences? Preferences)?> ReadAsync(NpgsqlDataReader rows)
    {
        await rows.NextResultAsync().ConfigureAwait(false);
        return await rows.ReadAsync().ConfigureAwait(false) ? (rows.GetInt64(0), rows.GetInt64(1), rows.IsDBNull(2) ? null : Read(rows, 3)) : null;
    }
}
