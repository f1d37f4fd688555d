using Npgsql;
using RealtimeKit.PostgreSql.Database;
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

    // No user has this name.
    private const string Everybody = "";

    /// <summary>The block whose messages are looked at one by one: the mark's. Who has read nothing has none.</summary>
    public const string Edge = $"CASE WHEN c.read = 0 THEN -1 ELSE c.read {Block} END";

    /// <summary>
    /// The messages of <c>c</c> above <c>c.read</c> that are neither deleted nor by <c>$1</c>; <c>c.edge</c> is the <see cref="Edge"/>.
    /// </summary>
    public const string Unread = $"""
        c.sequence - c.read
            - (SELECT count(*) FROM messages WHERE channel = c.id AND sequence > c.read AND {InEdge} AND (sender = $1 OR deleted IS NOT NULL))
            - (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 0 AND user_id = '' AND block > c.edge)
            - (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 2 AND user_id = $1 AND block > c.edge)
        """;

    /// <summary>The mentions of <c>$1</c> above the mark, in the same way.</summary>
    public const string Mentions = $"""
        (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 1 AND user_id = $1 AND block > c.edge)
            + (SELECT count(*) FROM mentions WHERE channel = c.id AND user_id = $1 AND sequence > c.read AND {InEdge})
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
        foreach (var user in stored is null ? [] : ChangeRules.Mentioned(stored)) yield return (channel.Id, Mention, user, message.Sequence, -1);
        foreach (var user in ChangeRules.Mentioned(message)) yield return (channel.Id, Mention, user, message.Sequence, 1);
    }
}
