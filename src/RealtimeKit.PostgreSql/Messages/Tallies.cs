using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Counts for blocks of a channel's sequences: how many messages are deleted, how many a user posted, and in how many one is mentioned. A
/// count above a mark adds up the blocks behind the mark's own and looks at single rows within that one, so it costs little however many
/// there are.
/// </summary>
internal static class Tallies
{
    /// <summary>A block has 1,024 sequences.</summary>
    public const string Block = ">> 10";

    /// <summary>Adds to tallies, whose rows an <c>INSERT … SELECT</c> before this gives.</summary>
    public const string OnConflict =
        "ON CONFLICT (channel, kind, user_id, block) DO UPDATE SET count = tallies.count + excluded.count";

    public const string Add = $"""
        INSERT INTO tallies(channel, kind, user_id, block, count)
        SELECT channel, kind, user_id, sequence {Block}, sum(count)
        FROM unnest($1, $2, $3, $4, $5) AS t(channel, kind, user_id, sequence, count) GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0
        {OnConflict}
        """;

    private const short Deleted = 0;
    private const short Mention = 1;
    private const short Posted = 2;
    private const short MentionBySender = 3;

    // No user has this name.
    private const string Everybody = "";

    /// <summary>The block whose messages are looked at one by one: the mark's. Who has read nothing has none.</summary>
    public const string Edge = $"CASE WHEN c.read = 0 THEN -1 ELSE c.read {Block} END";

    /// <summary>
    /// The messages of <c>c</c> above <c>c.read</c> that are neither deleted nor by <c>c.user_id</c>; <c>c.edge</c> is the <see cref="Edge"/>.
    /// </summary>
    public const string Unread = $"""
        c.sequence - c.read
            - (SELECT count(*) FROM messages WHERE channel = c.id AND sequence > c.read AND {InEdge} AND (sender = c.user_id OR deleted IS NOT NULL))
            - (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 0 AND user_id = '' AND block > c.edge)
            - (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 2 AND user_id = c.user_id AND block > c.edge)
        """;

    /// <summary>The mentions of <c>c.user_id</c> above the mark, in the same way, less those by senders whom the user blocks.</summary>
    public const string Mentions = $"""
        (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 1 AND user_id = c.user_id AND block > c.edge)
            + (SELECT count(*) FROM mentions WHERE channel = c.id AND user_id = c.user_id AND sequence > c.read AND {InEdge})
            - (SELECT coalesce(sum(t.count), 0)::bigint FROM blocks b CROSS JOIN LATERAL (
                SELECT count FROM tallies
                WHERE channel = c.id AND kind = 3 AND user_id = b.user_id || chr(10) || b.blocked AND block > c.edge) t WHERE b.user_id = c.user_id)
            - CASE WHEN EXISTS (SELECT FROM blocks WHERE user_id = c.user_id) THEN (
                SELECT count(*) FROM (SELECT sequence FROM mentions WHERE channel = c.id AND user_id = c.user_id AND sequence > c.read AND {InEdge}) n
                CROSS JOIN LATERAL (SELECT sender FROM messages WHERE channel = c.id AND sequence = n.sequence LIMIT 1) s
                CROSS JOIN LATERAL (SELECT FROM blocks WHERE user_id = c.user_id AND blocked = s.sender LIMIT 1) b) ELSE 0 END
        """;

    private const string InEdge = "sequence < (c.edge + 1) << 10";

    /// <summary>What a batch changes of the tallies; null where nothing.</summary>
    public static NpgsqlBatchCommand? Write(IEnumerable<(ChannelPlan Channel, MessagePlan Message)> messages)
    {
        (long Channel, short Kind, string User, long Sequence, long Count)[] rows = [.. messages.SelectMany(row => Of(row.Channel, row.Message))];
        return rows.Length == 0 ? null : Sql.Command(
            Add, Sql.Parameter(Array.ConvertAll(rows, row => row.Channel)), Sql.Parameter(Array.ConvertAll(rows, row => row.Kind)),
            Sql.Parameter(Array.ConvertAll(rows, row => row.User)), Sql.Parameter(Array.ConvertAll(rows, row => row.Sequence)),
            Sql.Parameter(Array.ConvertAll(rows, row => row.Count)));
    }

    private static IEnumerable<(long, short, string, long, long)> Of(ChannelPlan channel, MessagePlan state)
    {
        var (message, stored) = (state.Message, state.Stored);
        if (message.DeletedAt is not null && stored?.DeletedAt is null)
        {
            yield return (channel.Id, Deleted, Everybody, message.Sequence, 1);
            if (stored is not null) yield return (channel.Id, Posted, message.Sender, message.Sequence, -1);
        }
        else if (stored is null)
        {
            yield return (channel.Id, Posted, message.Sender, message.Sequence, 1);
        }

        if (ReferenceEquals(stored?.Content, message.Content)) yield break;
        foreach (var (kind, user) in stored is null ? [] : Mentioned(stored)) yield return (channel.Id, kind, user, message.Sequence, -1);
        foreach (var (kind, user) in Mentioned(message)) yield return (channel.Id, kind, user, message.Sequence, 1);
    }

    /// <summary>The kinds and users under which the mentions of a message are counted.</summary>
    public static IEnumerable<(short Kind, string User)> Mentioned(Message message) => ChangeRules.Mentioned(message)
        .SelectMany(user => new[] { (Mention, user), (MentionBySender, $"{user}\n{message.Sender}") });
}
