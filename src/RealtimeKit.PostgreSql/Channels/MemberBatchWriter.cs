using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Changes many members of one channel in two round trips: lock the channel and read what the changes are about; write what was decided and
/// commit.
/// </summary>
internal static class MemberBatchWriter
{
    // A statement of its own, so that it sees what was committed while the lock was waited for.
    public const string Find = """
        SELECT c.id, c.kind, c.revision, CASE
            WHEN $3 OR EXISTS (SELECT FROM members WHERE channel = c.id AND user_id = ANY($2) AND role = 2)
            THEN (SELECT count(*) FROM (SELECT FROM members WHERE channel = c.id AND role = 2 LIMIT $4) o) ELSE 0 END
        FROM channels c WHERE c.name = $1
        """;

    public const string FindUsers = $"""
        SELECT u.user_id, m.role, {Sanctions.Columns}
        FROM channels c
        CROSS JOIN unnest($2) u(user_id)
        LEFT JOIN members m ON m.channel = c.id AND m.user_id = u.user_id
        LEFT JOIN sanctions b ON b.channel = c.id AND b.kind = 0 AND b.user_id = u.user_id
        LEFT JOIN sanctions q ON q.channel = c.id AND q.kind = 1 AND q.user_id = u.user_id
        WHERE c.name = $1 AND (m.role IS NOT NULL OR b.time IS NOT NULL OR q.time IS NOT NULL)
        """;

    public const string Put = """
        INSERT INTO members(channel, user_id, role, stamp) SELECT $1, u.user_id, u.role, txid_current() FROM unnest($2, $3) u(user_id, role)
        ON CONFLICT (channel, user_id) DO UPDATE SET role = excluded.role, stamp = excluded.stamp
        """;

    // The tombstones in the order of the users, so that nobody waits in a circle.
    public const string Remove = """
        WITH gone AS (DELETE FROM members WHERE channel = $1 AND user_id = ANY($2))
        INSERT INTO departures(user_id, name, stamp) SELECT u.user_id, $3, txid_current() FROM unnest($2) u(user_id) ORDER BY u.user_id
        ON CONFLICT (user_id, name) DO UPDATE SET stamp = excluded.stamp
        """;

    public const string Revise = "UPDATE channels SET revision = $2 WHERE id = $1";

    public static async Task<IReadOnlyList<MemberResult>> ApplyAsync(DatabaseSession session, MemberPlan plan)
    {
        var users = plan.Users.ToArray();
        var channel = await session.RunAsync(
            rows => ReadAsync(rows, plan),
            Sql.Command("BEGIN"),
            Sql.Command(MemberWriter.Lock, Sql.Parameter(plan.Channel)),
            Sql.Command(Find, Sql.Parameter(plan.Channel), Sql.Parameter(users), Sql.Parameter(plan.NeedsOwners), Sql.Parameter(plan.MostOwners)),
            Sql.Command(FindUsers, Sql.Parameter(plan.Channel), Sql.Parameter(users))).ConfigureAwait(false);
        var results = plan.Decide();
        await session.RunAsync([.. channel is { } id ? Write(id, plan) : [], Sql.Command("COMMIT")]).ConfigureAwait(false);
        return results;
    }

    private static async Task<long?> ReadAsync(NpgsqlDataReader rows, MemberPlan plan)
    {
        // A channel that was made after the lock is not there yet for this call.
        if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
        await rows.NextResultAsync().ConfigureAwait(false);
        if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
        var channel = rows.GetInt64(0);
        plan.Begin((ChannelKind)rows.GetInt16(1), rows.GetInt64(2));
        plan.AddOwners(rows.GetInt64(3));
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            plan.Add(
                rows.GetString(0), rows.IsDBNull(1) ? null : (ChannelRole)rows.GetInt16(1), Sanctions.ReadBan(rows, 2), Sanctions.ReadMute(rows, 2));
        }

        return channel;
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(long channel, MemberPlan plan)
    {
        var changed = plan.Changed.ToList();
        var moved = changed.FindAll(static row => row.Before.Role != row.After.Role);
        var put = moved.FindAll(static row => row.After.Role is not null);
        if (put.Count > 0)
        {
            yield return Sql.Command(
                Put, Sql.Parameter(channel), Sql.Parameter(put.ConvertAll(static row => row.User).ToArray()),
                Sql.Parameter(put.ConvertAll(static row => (short)row.After.Role!.Value).ToArray()));
        }

        if (put.Count < moved.Count)
        {
            var gone = moved.FindAll(static row => row.After.Role is null).ConvertAll(static row => row.User).ToArray();
            yield return Sql.Command(Remove, Sql.Parameter(channel), Sql.Parameter(gone), Sql.Parameter(plan.Channel));
        }

        foreach (var (user, before, after) in changed)
        {
            if (after.Ban != before.Ban) yield return Sanctions.Write(channel, Sanctions.Ban, user, after.Ban);
            if (after.Mute != before.Mute) yield return Sanctions.Write(channel, Sanctions.Mute, user, after.Mute);
        }

        if (Actions.Keep(plan.Actions.Select(action => (channel, action))) is { } kept) yield return kept;
        if (plan.IsRevised) yield return Sql.Command(Revise, Sql.Parameter(channel), Sql.Parameter(plan.Revision));
    }
}
