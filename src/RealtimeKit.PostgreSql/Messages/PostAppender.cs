using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Appends a batch that has only new messages, which is nearly every batch, in one round trip: the lock, and behind it one
/// statement, which sees what was committed before the lock was got. It finds the ids that are known, numbers the others,
/// writes them and moves the heads.
/// </summary>
internal sealed class PostAppender(Session session)
{
    /// <summary>Locks channels in the order that all have, so that nobody waits in a circle.</summary>
    public const string Lock = """
        SELECT count(*) FROM (SELECT FROM channels WHERE name = ANY($1) ORDER BY id FOR NO KEY UPDATE) locked
        """;

    // The zero keeps the planner from any index but that of the ids.
    public const string Append = """
        WITH fresh AS (
            SELECT c.id AS channel, c.sequence + row_number() OVER w AS sequence, c.version + row_number() OVER w AS version,
                row_number() OVER w = count(*) OVER (PARTITION BY c.id) AS is_last,
                p.position, p.id, p.id_text, p.sender, p.time, p.text, p.data, p.attachments, p.mentions, p.digest
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
                AS p(name, id, id_text, sender, time, text, data, attachments, mentions, digest, position)
            JOIN channels c ON c.name = p.name
            WHERE NOT EXISTS (SELECT FROM messages known WHERE known.id = p.id AND known.channel + 0 = c.id)
            WINDOW w AS (PARTITION BY c.id ORDER BY p.position)),
        written AS (
            INSERT INTO messages(channel, sequence, version, time, id, digest, sender, id_text, text, data, attachments, mentions)
            SELECT channel, sequence, version, time, id, digest, sender, id_text, text, data, attachments, mentions FROM fresh),
        moved AS (
            UPDATE channels c SET sequence = f.sequence, version = f.version, changed = f.time
            FROM fresh f WHERE f.is_last AND c.id = f.channel),
        mentioned AS (
            INSERT INTO mentions(channel, user_id, sequence)
            SELECT channel, user_id, sequence FROM fresh CROSS JOIN unnest(string_to_array(mentions, ' ')) AS user_id
            WHERE user_id <> sender ON CONFLICT DO NOTHING)
        SELECT position, sequence, version FROM fresh
        """;

    /// <summary>Whether the batch is one for this class: the others need to look at messages before they can be decided.</summary>
    public static bool Takes(IReadOnlyList<MessageChange> changes)
    {
        foreach (var change in changes)
        {
            if (change is not PostChange { ReplyTo: null, OnlyIfKnown: false }) return false;
        }

        return true;
    }

    public async Task<AppendResult[]> AppendAsync(IReadOnlyList<MessageChange> changes)
    {
        var results = new AppendResult[changes.Count];
        var (first, copies) = Distinct(changes);
        var batch = new PostColumns(first);
        await session.RunAsync(rows => ReadNumbersAsync(rows, first, results), Sql.Command(Lock, Sql.Parameter(batch.Channels)), batch.ToCommand(Append)).ConfigureAwait(false);
        await ResolveAsync([.. first.Where(post => results[post.Place].Message is null), .. copies], results).ConfigureAwait(false);
        return results;
    }

    private static (List<(PostChange Change, int Place)> First, List<(PostChange Change, int Place)> Copies) Distinct(IReadOnlyList<MessageChange> changes)
    {
        var seen = new HashSet<(string, Guid)>(changes.Count);
        List<(PostChange, int)> first = new(changes.Count), copies = [];
        for (var i = 0; i < changes.Count; i++)
        {
            var post = (PostChange)changes[i];
            (seen.Add((post.Channel, post.Id.Value)) ? first : copies).Add((post, i));
        }

        return (first, copies);
    }

    private static async Task<bool> ReadNumbersAsync(NpgsqlDataReader rows, List<(PostChange Change, int Place)> posts, AppendResult[] results)
    {
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var (post, place) = posts[(int)rows.GetInt64(0) - 1];
            results[place] = new AppendResult(AppendOutcome.Appended, ChangeRules.Post(post, rows.GetInt64(1), rows.GetInt64(2), null));
        }

        return true;
    }

    // What was not written is there already, or its channel is not. Seldom, and then a second round trip.
    private async Task ResolveAsync(List<(PostChange Change, int Place)> posts, AppendResult[] results)
    {
        if (posts.Count == 0) return;
        var known = new Dictionary<(string, Guid), (Message Message, Guid Digest)>();
        await session.RunAsync(
            rows => StoredMessages.ReadAsync(rows, (message, digest) => known[(message.Channel, message.Id.Value)] = (message, digest)),
            StoredMessages.ById(posts.Select(post => post.Change))).ConfigureAwait(false);
        foreach (var (post, place) in posts)
        {
            results[place] = known.TryGetValue((post.Channel, post.Id.Value), out var stored)
                ? StoredMessages.Repeat(post, stored.Message, stored.Digest)
                : new AppendResult(AppendOutcome.NoChannel);
        }
    }
}
