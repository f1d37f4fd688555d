using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Appends a batch that has only new messages, which is nearly every batch, in one round trip of two statements: the first moves the
/// channels' heads, which locks them, and the second writes the messages under the numbers so gained. Nothing is written where an id is known
/// already: then the batch goes the longer way.
/// </summary>
internal static class PostAppender
{
    // The channels come in the order of their names, in which everybody locks them, so that nobody waits in a circle.
    public const string Move = """
        WITH known AS MATERIALIZED (
            SELECT FROM unnest($4) AS p(id) CROSS JOIN LATERAL (SELECT FROM messages WHERE id = p.id LIMIT 1) m LIMIT 1)
        UPDATE channels c SET sequence = c.sequence + h.count, version = c.version + h.count, changed = h.time, stamp = txid_current(),
            searched = CASE WHEN $7 AND c.searched = c.sequence THEN c.sequence + h.count ELSE c.searched END
        FROM unnest($1, $2, $3, $5, $6) AS h(name, count, time, revision, epoch)
        WHERE c.name = h.name AND (h.revision IS NULL OR h.revision = c.revision) AND (h.epoch IS NULL OR h.epoch = c.epoch) AND NOT EXISTS (SELECT FROM known)
        RETURNING c.name, c.sequence - h.count, c.version - h.count, c.epoch
        """;

    public const string Write = $"""
        WITH added AS (
            INSERT INTO messages(channel, sequence, version, time, id, digest, sender, id_text, text, data, attachments, mentions)
            SELECT c.id, c.sequence - p.behind, c.version - p.behind,
                p.time, p.id, p.digest, p.sender, p.id_text, p.text, p.data, p.attachments, p.mentions
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                AS p(name, behind, id, digest, time, sender, id_text, text, data, attachments, mentions)
            {MovedChannel}
            RETURNING channel, sender, sequence {Tallies.Block} AS block)
        INSERT INTO tallies(channel, kind, user_id, block, count)
        SELECT channel, 2, sender, block, count(*) FROM added GROUP BY channel, sender, block
        {Tallies.OnConflict}
        """;

    public const string WriteMentions = $"""
        INSERT INTO mentions(channel, sequence, user_id)
        SELECT c.id, c.sequence - p.behind, p.user_id FROM unnest($1, $2, $3) AS p(name, behind, user_id)
        {MovedChannel}
        """;

    public const string CountMentions = $"""
        INSERT INTO tallies(channel, kind, user_id, block, count)
        SELECT c.id, p.kind, p.user_id, (c.sequence - p.behind) {Tallies.Block}, count(*) FROM unnest($1, $2, $3, $4) AS p(name, behind, user_id, kind)
        {MovedChannel} GROUP BY c.id, p.kind, p.user_id, (c.sequence - p.behind) {Tallies.Block}
        {Tallies.OnConflict}
        """;

    // Only what this very transaction has moved bears its number: none where an id was known, nor one that was made since.
    private const string MovedChannel = "JOIN channels c ON c.name = p.name AND c.xmin = pg_current_xact_id_if_assigned()::xid";

    /// <summary>Appends the batch, if it is one for this class.</summary>
    /// <returns><see langword="null"/> where nothing was written.</returns>
    public static async Task<AppendResult[]?> TryAppendAsync(DatabaseSession session, IReadOnlyList<MessageChange> changes, bool isIndexed)
    {
        if (PostColumns.Of(changes) is not { } posts) return null;
        var heads = new Dictionary<string, (long Sequence, long Version, string Epoch)>(StringComparer.Ordinal);
        try
        {
            await session.RunAsync(rows => ReadHeadsAsync(rows, heads), posts.ToCommands(isIndexed)).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // A copy was committed while this waited for its channel, after it had looked for known ids.
            return null;
        }

        if (heads.Count == 0) return null;
        // Why a channel was not moved, only the longer way finds out: it is missing, or another one, or its revision went on.
        var left = changes.Where(change => !heads.ContainsKey(change.Channel)).ToList();
        var others = new Queue<AppendResult>(left.Count == 0 ? [] : await ChangeAppender.AppendAsync(session, left, isIndexed).ConfigureAwait(false));
        var results = new AppendResult[changes.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var post = (PostChange)changes[i];
            results[i] = heads.TryGetValue(post.Channel, out var head)
                ? new AppendResult(AppendOutcome.Appended, ChangeRules.Post(post, head.Sequence + posts.Number(i), head.Version + posts.Number(i), null), head.Epoch)
                : others.Dequeue();
        }

        return results;
    }

    private static async Task<bool> ReadHeadsAsync(NpgsqlDataReader rows, Dictionary<string, (long Sequence, long Version, string Epoch)> heads)
    {
        while (await rows.ReadAsync().ConfigureAwait(false)) heads.Add(rows.GetString(0), (rows.GetInt64(1), rows.GetInt64(2), rows.GetString(3)));
        return true;
    }
}
