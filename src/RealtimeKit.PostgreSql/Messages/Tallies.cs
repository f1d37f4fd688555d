using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>
/// Counts for blocks of a channel's sequences: how many messages are deleted, and in how many a user is mentioned. A count above a mark adds
/// up the blocks behind the mark's own and looks at single rows within that one, so it costs little however many there are.
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

    // No user has this name.
    private const string Everybody = "";

    /// <summary>The messages above a sequence that are deleted and were others'; of <c>c</c>, as <c>c.read</c> and the user <c>$1</c> say.</summary>
    public const string DeletedOfOthers = """
        (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 0 AND user_id = '' AND block > c.read >> 10)
            - (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 0 AND user_id = $1 AND block > c.read >> 10)
            + (SELECT count(*) FROM messages WHERE channel = c.id AND sequence > c.read AND sequence < ((c.read >> 10) + 1) << 10
                AND deleted IS NOT NULL AND sender <> $1)
        """;

    /// <summary>The mentions of <c>$1</c> above a sequence, in the same way.</summary>
    public const string Mentions = """
        (SELECT coalesce(sum(count), 0)::bigint FROM tallies WHERE channel = c.id AND kind = 1 AND user_id = $1 AND block > c.read >> 10)
            + (SELECT count(*) FROM mentions WHERE channel = c.id AND user_id = $1 AND sequence > c.read AND sequence < ((c.read >> 10) + 1) << 10)
        """;

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
            yield return (channel.Id, Deleted, message.Sender, message.Sequence, 1);
        }

        if (ReferenceEquals(stored?.Content, message.Content)) yield break;
        foreach (var user in stored is null ? [] : ChangeRules.Mentioned(stored)) yield return (channel.Id, Mention, user, message.Sequence, -1);
        foreach (var user in ChangeRules.Mentioned(message)) yield return (channel.Id, Mention, user, message.Sequence, 1);
    }
}
