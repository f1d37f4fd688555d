using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Changes members in two round trips: lock the channel and read what the change is about; write what was decided and commit. It
/// locks its channel's row and no other, so that nothing waits in a circle.
/// </summary>
internal static class MemberWriter
{
    public const string Lock = "SELECT FROM channels WHERE name = $1 FOR NO KEY UPDATE";

    // A statement of its own, so that it sees what was committed while the lock was waited for.
    public const string Find = $"""
        SELECT c.id, c.kind, m.role, CASE WHEN m.role = 2 THEN
            (SELECT count(*) FROM (SELECT FROM members WHERE channel = c.id AND role = 2 LIMIT 2) o) ELSE 0 END, c.revision,
            {Sanctions.Columns}
        FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user_id = $2
        {Sanctions.Join}
        WHERE c.name = $1
        """;

    public const string Put = """
        INSERT INTO members(channel, user_id, role, stamp) VALUES($1, $2, $3, txid_current())
        ON CONFLICT (channel, user_id) DO UPDATE SET role = excluded.role, stamp = excluded.stamp
        """;

    public const string Remove = """
        WITH gone AS (DELETE FROM members WHERE channel = $1 AND user_id = $2)
        INSERT INTO departures(user_id, name, stamp) VALUES($2, $3, txid_current())
        ON CONFLICT (user_id, name) DO UPDATE SET stamp = excluded.stamp
        """;

    public const string Revise = "UPDATE channels SET revision = revision + 1 WHERE id = $1";

    public static async Task<MemberResult> ApplyAsync(DatabaseSession session, MemberChange change)
    {
        var found = await session.RunAsync(
            ReadAsync,
            Sql.Command("BEGIN"),
            Sql.Command(Lock, Sql.Parameter(change.Channel)),
            Sql.Command(Find, Sql.Parameter(change.Channel), Sql.Parameter(change.User))).ConfigureAwait(false);
        var result = MemberRules.Decide(change, found?.State);
        await session.RunAsync([.. Write(found?.Channel, change.Channel, change.User, result), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    private static async Task<(long Channel, MemberState State)?> ReadAsync(NpgsqlDataReader rows)
    {
        // A channel that was made after the lock is not there yet for this call.
        if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
        await rows.NextResultAsync().ConfigureAwait(false);
        return !await rows.ReadAsync().ConfigureAwait(false) ? null : (
            rows.GetInt64(0),
            new MemberState(
                (ChannelKind)rows.GetInt16(1), rows.IsDBNull(2) ? null : (ChannelRole)rows.GetInt16(2), rows.GetInt64(3), rows.GetInt64(4),
                Sanctions.ReadBan(rows, 5), Sanctions.ReadMute(rows, 5)));
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(long? channel, string name, string user, MemberResult result)
    {
        if (channel is not { } id || result.Outcome != MemberOutcome.Changed) yield break;
        var (before, after) = (result.Before, result.After);
        if (after.Role != before.Role)
        {
            yield return after.Role is { } role
                ? Sql.Command(Put, Sql.Parameter(id), Sql.Parameter(user), Sql.Parameter((short)role))
                : Sql.Command(Remove, Sql.Parameter(id), Sql.Parameter(user), Sql.Parameter(name));
        }

        if (after.Ban != before.Ban) yield return Sanctions.Write(id, Sanctions.Ban, user, after.Ban);
        if (after.Mute != before.Mute) yield return Sanctions.Write(id, Sanctions.Mute, user, after.Mute);
        if (result.Action is { } action && Actions.Keep([(id, action)]) is { } kept) yield return kept;
        if (after.Revision != before.Revision) yield return Sql.Command(Revise, Sql.Parameter(id));
    }
}
