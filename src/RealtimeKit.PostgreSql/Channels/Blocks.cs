using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Keeps and reads who blocks whom. A block takes a lock on its user, then one on the pair, which the making of a direct channel takes too, and
/// the direct channel's row, and last the user's memberships: all in this order, so that nothing waits in a circle.
/// </summary>
internal static class Blocks
{
    /// <summary>Whether the user <c>$2</c> is blocked by a member of the direct channel <c>c</c>.</summary>
    public const string InChannel = """
        CASE WHEN c.kind = 2 THEN EXISTS (
            SELECT FROM members o CROSS JOIN LATERAL (SELECT FROM blocks WHERE user_id = o.user_id AND blocked = $2 LIMIT 1) b
            WHERE o.channel = c.id) ELSE false END
        """;

    public const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

    public const string LockPair = "SELECT FROM channels WHERE pair = $1 FOR NO KEY UPDATE";

    // At most one more is counted than there may be.
    public const string Find = """
        SELECT EXISTS (SELECT FROM blocks WHERE user_id = $1 AND blocked = $2),
            (SELECT count(*) FROM (SELECT FROM blocks WHERE user_id = $1 LIMIT $3) b)
        """;

    public const string Has = "SELECT EXISTS (SELECT FROM blocks WHERE user_id = $1 AND blocked = $2)";

    public const string Put = "INSERT INTO blocks(user_id, blocked) VALUES($1, $2)";

    public const string Remove = "DELETE FROM blocks WHERE user_id = $1 AND blocked = $2";

    public const string Revise = "UPDATE channels SET revision = revision + 1 WHERE pair = $1 RETURNING name";

    /// <summary>
    /// Stamps the memberships of <c>$1</c> in channels where <c>$2</c> mentions the user: their numbers of mentions may be others now.
    /// </summary>
    public const string Recount = """
        UPDATE members m SET stamp = txid_current() FROM channels c
        WHERE m.user_id = $1 AND c.id = m.channel
            AND EXISTS (SELECT FROM tallies WHERE channel = m.channel AND kind = 3 AND user_id = $1 || chr(10) || $2 AND count > 0)
        RETURNING c.name
        """;

    public const string List = "SELECT blocked FROM blocks WHERE user_id = $1 ORDER BY blocked";

    /// <summary>Waits for others who make a direct channel of the pair, or block within it.</summary>
    public static NpgsqlBatchCommand LockOf(string pair) => Sql.Command(Lock, Sql.Parameter($"pair {pair}"));

    public static async Task<BlockResult> ApplyAsync(DatabaseSession session, BlockChange change)
    {
        var found = await session.RunAsync(
            ReadAsync,
            Sql.Command("BEGIN"),
            Sql.Command(Lock, Sql.Parameter($"blocks {change.User}")),
            LockOf(change.Pair),
            Sql.Command(LockPair, Sql.Parameter(change.Pair)),
            Sql.Command(
                Find, Sql.Parameter(change.User), Sql.Parameter(change.Other), Sql.Parameter((long)ProtocolConstants.MaxBlockedUsers))).ConfigureAwait(false);
        var outcome = change.Decide(found.IsBlocked, found.Count);
        var revises = outcome == BlockOutcome.Changed && !change.Remove;
        var result = await session.RunAsync(
            async rows =>
            {
                var recounted = outcome == BlockOutcome.Changed ? await ReadNamesAsync(rows).ConfigureAwait(false) : [];
                var revised = revises && await rows.NextResultAsync().ConfigureAwait(false) ? await ReadNamesAsync(rows).ConfigureAwait(false) : [];
                return new BlockResult(outcome, revised.FirstOrDefault()) { Recounted = recounted };
            },
            [.. Write(change, outcome), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    public static Task<IReadOnlyList<string>> ListAsync(DatabaseSession session, string user) => session.RunAsync(
        static async rows => (IReadOnlyList<string>)await ReadNamesAsync(rows).ConfigureAwait(false), Sql.Command(List, Sql.Parameter(user)));

    private static async Task<List<string>> ReadNamesAsync(NpgsqlDataReader rows)
    {
        var names = new List<string>();
        while (await rows.ReadAsync().ConfigureAwait(false)) names.Add(rows.GetString(0));
        return names;
    }

    private static async Task<(bool IsBlocked, long Count)> ReadAsync(NpgsqlDataReader rows)
    {
        for (var i = 0; i < 3; i++) await rows.NextResultAsync().ConfigureAwait(false);
        await rows.ReadAsync().ConfigureAwait(false);
        return (rows.GetBoolean(0), rows.GetInt64(1));
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(BlockChange change, BlockOutcome outcome)
    {
        if (outcome != BlockOutcome.Changed) yield break;
        yield return Sql.Command(change.Remove ? Remove : Put, Sql.Parameter(change.User), Sql.Parameter(change.Other));
        yield return Sql.Command(Recount, Sql.Parameter(change.User), Sql.Parameter(change.Other));
        if (!change.Remove) yield return Sql.Command(Revise, Sql.Parameter(change.Pair));
    }
}
