using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Removes what belonged to deleted channels, a piece at a time, so that no statement holds locks for long.
/// </summary>
internal static class Discarded
{
    private const int Piece = 5_000;

    public const string Next = "SELECT channel FROM discarded LIMIT 1";

    // Another node may be removing pieces of the same channel: it is forgotten only once no table has a row of it.
    public const string Forget = """
        DELETE FROM discarded WHERE channel = $1
            AND NOT EXISTS (SELECT FROM messages WHERE channel = $1) AND NOT EXISTS (SELECT FROM reactions WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM mentions WHERE channel = $1) AND NOT EXISTS (SELECT FROM tallies WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM members WHERE channel = $1) AND NOT EXISTS (SELECT FROM marks WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM sanctions WHERE channel = $1) AND NOT EXISTS (SELECT FROM paces WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM actions WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM reports WHERE channel = $1) AND NOT EXISTS (SELECT FROM reporters WHERE channel = $1)
            AND NOT EXISTS (SELECT FROM files WHERE channel = $1 AND state < 2 AND (due IS NULL OR due > 0))
            AND NOT EXISTS (SELECT FROM search WHERE channel = $1)
        """;

    /// <summary>For each table a statement that removes so many of a channel's rows.</summary>
    public static readonly string[] Remove =
    [
        "DELETE FROM messages WHERE ctid = ANY(ARRAY(SELECT ctid FROM messages WHERE channel = $1 LIMIT $2))",
        "DELETE FROM reactions WHERE ctid = ANY(ARRAY(SELECT ctid FROM reactions WHERE channel = $1 LIMIT $2))",
        "DELETE FROM mentions WHERE ctid = ANY(ARRAY(SELECT ctid FROM mentions WHERE channel = $1 LIMIT $2))",
        "DELETE FROM tallies WHERE ctid = ANY(ARRAY(SELECT ctid FROM tallies WHERE channel = $1 LIMIT $2))",
        // A member leaves a tombstone with the stamp of the deletion. In the order of the names, so that nodes do not wait in a circle.
        """
        WITH gone AS (DELETE FROM members WHERE ctid = ANY(ARRAY(SELECT ctid FROM members WHERE channel = $1 LIMIT $2)) RETURNING user_id)
        INSERT INTO departures(user_id, name, stamp)
        SELECT g.user_id, coalesce(d.name, ''), d.stamp FROM gone g JOIN discarded d ON d.channel = $1 ORDER BY g.user_id
        ON CONFLICT (user_id, name) DO UPDATE SET stamp = greatest(departures.stamp, excluded.stamp)
        """,
        "DELETE FROM marks WHERE ctid = ANY(ARRAY(SELECT ctid FROM marks WHERE channel = $1 LIMIT $2))",
        "DELETE FROM sanctions WHERE ctid = ANY(ARRAY(SELECT ctid FROM sanctions WHERE channel = $1 LIMIT $2))",
        "DELETE FROM paces WHERE ctid = ANY(ARRAY(SELECT ctid FROM paces WHERE channel = $1 LIMIT $2))",
        "DELETE FROM reports WHERE ctid = ANY(ARRAY(SELECT ctid FROM reports WHERE channel = $1 LIMIT $2))",
        "DELETE FROM reporters WHERE ctid = ANY(ARRAY(SELECT ctid FROM reporters WHERE channel = $1 LIMIT $2))",
        // Their records go when their bytes are gone.
        "UPDATE files SET due = 0 WHERE id = ANY(ARRAY(SELECT id FROM files WHERE channel = $1 AND state < 2 AND (due IS NULL OR due > 0) LIMIT $2))",
        "DELETE FROM search WHERE ctid = ANY(ARRAY(SELECT ctid FROM search WHERE channel = $1 LIMIT $2))",
        "DELETE FROM actions WHERE ctid = ANY(ARRAY(SELECT ctid FROM actions WHERE channel = $1 LIMIT $2))",
    ];

    /// <summary>Removes a piece of one deleted channel.</summary>
    /// <returns>Whether there is more to remove.</returns>
    public static async Task<bool> RemovePieceAsync(DatabaseSession session)
    {
        var next = await session.RunAsync(
            static async rows => await rows.ReadAsync().ConfigureAwait(false) ? rows.GetInt64(0) : default(long?), Sql.Command(Next)).ConfigureAwait(false);
        if (next is not { } channel) return false;
        foreach (var sql in Remove)
        {
            var removed = await session.RunAsync(
                static rows => Task.FromResult(rows.RecordsAffected), Sql.Command(sql, Sql.Parameter(channel), Sql.Parameter((long)Piece))).ConfigureAwait(false);
            if (removed == Piece) return true;
        }

        await session.RunAsync(Sql.Command(Forget, Sql.Parameter(channel))).ConfigureAwait(false);
        return true;
    }
}
