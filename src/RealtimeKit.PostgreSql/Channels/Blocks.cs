using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Keeps and reads who blocks whom. A block takes a lock on its user, then one on the pair, which the making of a direct channel takes too, and
/// last the direct channel's row: all in this order, so that nothing waits in a circle.
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
        var channel = await session.RunAsync(
            async rows => revises && await rows.ReadAsync().ConfigureAwait(false) ? rows.GetString(0) : null,
            [.. Write(change, outcome), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return new BlockResult(outcome, channel);
    }

    public static Task<IReadOnlyList<string>> ListAsync(DatabaseSession session, string user) => session.RunAsync(
        static async rows =>
        {
            var users = new List<string>();
            while (await rows.ReadAsync().ConfigureAwait(false)) users.Add(rows.GetString(0));
            return (IReadOnlyList<string>)users;
        },
        Sql.Command(List, Sql.Parameter(user)));

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
        if (!change.Remove) yield return Sql.Command(Revise, Sql.Parameter(change.Pair));
    }
}
