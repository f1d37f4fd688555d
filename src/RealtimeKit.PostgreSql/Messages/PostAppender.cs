using Npgsql;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Appends a batch that has only new messages, which is nearly every batch, in one round trip: the lock, and behind it one
/// statement, which sees what was committed before the lock was got. It writes all or, where any id is known already, nothing:
/// then the batch goes the longer way.
/// </summary>
internal static class PostAppender
{
    /// <summary>Locks channels in the order that all have, so that nobody waits in a circle.</summary>
    public const string Lock = """
        SELECT count(*) FROM (SELECT FROM channels WHERE name = ANY($1) ORDER BY id FOR NO KEY UPDATE) locked
        """;

    public const string Append = $"{Written}{Moved}";

    public const string AppendWithMentions = $"{Written}{Mentioned}{Moved}";

    private const string Written = """
        WITH known AS MATERIALIZED (
            SELECT FROM unnest($3) AS p(id) CROSS JOIN LATERAL (SELECT FROM messages WHERE id = p.id LIMIT 1) m LIMIT 1),
        written AS (
            INSERT INTO messages(channel, sequence, version, time, id, digest, sender, id_text, text, data, attachments, mentions)
            SELECT c.id, c.sequence + p.n, c.version + p.n, p.time, p.id, p.digest, p.sender, p.id_text, p.text, p.data, p.attachments, p.mentions
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                AS p(name, n, id, digest, time, sender, id_text, text, data, attachments, mentions)
            JOIN channels c ON c.name = p.name WHERE NOT EXISTS (SELECT FROM known))
        """;

    private const string Mentioned = """
        , mentioned AS (
            INSERT INTO mentions(channel, sequence, user_id)
            SELECT c.id, c.sequence + p.n, p.user_id FROM unnest($15, $16, $17) AS p(name, n, user_id)
            JOIN channels c ON c.name = p.name WHERE NOT EXISTS (SELECT FROM known))
        """;

    private const string Moved = """
        , moved AS (
            UPDATE channels c SET sequence = c.sequence + h.count, version = c.version + h.count, changed = h.time
            FROM unnest($12, $13, $14) AS h(name, count, time) WHERE c.name = h.name AND NOT EXISTS (SELECT FROM known)
            RETURNING c.name, c.sequence - h.count AS sequence, c.version - h.count AS version)
        SELECT name, sequence, version FROM moved
        """;

    /// <summary>Appends the batch, if it is one for this class.</summary>
    /// <returns><see langword="null"/> where nothing was written.</returns>
    public static async Task<AppendResult[]?> TryAppendAsync(Session session, IReadOnlyList<MessageChange> changes)
    {
        if (PostColumns.Of(changes) is not { } posts) return null;
        var heads = new Dictionary<string, (long Sequence, long Version)>(StringComparer.Ordinal);
        await session.RunAsync(
            rows => ReadHeadsAsync(rows, heads),
            Sql.Command(Lock, Sql.Parameter(posts.Channels)),
            posts.ToCommand(Append, AppendWithMentions)).ConfigureAwait(false);
        if (heads.Count == 0) return null;
        var results = new AppendResult[changes.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var post = (PostChange)changes[i];
            results[i] = heads.TryGetValue(post.Channel, out var head)
                ? new AppendResult(AppendOutcome.Appended, ChangeRules.Post(post, head.Sequence + posts.Number(i), head.Version + posts.Number(i), null))
                : new AppendResult(AppendOutcome.NoChannel);
        }

        return results;
    }

    private static async Task<bool> ReadHeadsAsync(NpgsqlDataReader rows, Dictionary<string, (long Sequence, long Version)> heads)
    {
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false)) heads.Add(rows.GetString(0), (rows.GetInt64(1), rows.GetInt64(2)));
        return true;
    }
}
