using System.Text;
using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Index;

/// <summary>Keeps the index in the transaction of an append: a message is in it with the text that it has, or not at all.</summary>
internal static class SearchRows
{
    /// <summary>About how many messages a part of the index has.</summary>
    public const long PartSize = 8_192;

    // A part begins in the future, so that every node knows of it when the first messages of its time come.
    private const long Lead = 5_000;

    /// <summary>The tokens of a message in the part that its time belongs to: those of its text, its channel, and whether that is public.</summary>
    private const string Tokens = "replace(p.tokens || ' #c' || c.id || CASE c.kind WHEN 0 THEN ' #p' ELSE '' END, '#', s.part::text)::tsvector";
    private const string Part = "CROSS JOIN LATERAL (SELECT part FROM search_parts WHERE first <= p.time ORDER BY first DESC LIMIT 1) s";

    /// <summary>Adds new messages, whose channels the same transaction has moved.</summary>
    public const string AddNew = $"""
        INSERT INTO search(channel, sequence, time, tokens)
        SELECT c.id, c.sequence - p.behind, p.time, {Tokens} FROM unnest($1, $2, $3, $4) AS p(name, behind, time, tokens)
        JOIN channels c ON c.name = p.name AND c.xmin = pg_current_xact_id_if_assigned()::xid {Part}
        """;

    /// <summary>Adds messages, or replaces what is indexed of them; they keep their place.</summary>
    public const string Put = $"{Place} ON CONFLICT (channel, sequence) DO UPDATE SET tokens = excluded.tokens";

    /// <summary>Adds messages that are not indexed.</summary>
    public const string Add = $"{Place} ON CONFLICT (channel, sequence) DO NOTHING";

    private const string Place = $"""
        INSERT INTO search(channel, sequence, time, tokens)
        SELECT p.channel, p.sequence, p.time, {Tokens} FROM unnest($1, $2, $3, $4) AS p(channel, sequence, time, tokens)
        JOIN channels c ON c.id = p.channel {Part}
        """;

    public const string Delete = """
        DELETE FROM search s USING unnest($1, $2) AS d(channel, sequence) WHERE s.channel = d.channel AND s.sequence = d.sequence
        """;

    /// <summary>Begins another part when the latest is full. Of nodes that do it at once one succeeds.</summary>
    public const string NewPart = """
        INSERT INTO search_parts(first, part, position)
        SELECT $1 + $2, (SELECT max(part) + 1 FROM search_parts), q.last_value
        FROM (SELECT first, position FROM search_parts ORDER BY first DESC LIMIT 1) n, search_positions q
        WHERE q.last_value - n.position >= $3 AND n.first <= $1 ON CONFLICT DO NOTHING
        """;

    /// <summary>The tokens of a text, as the statements take them; <see langword="null"/> where it has none.</summary>
    public static string? TokensOf(string? text)
    {
        var tokens = SearchIndex.Tokens(text);
        if (tokens.Count == 0) return null;
        var joined = new StringBuilder();
        foreach (var token in tokens) joined.Append('#').Append(token).Append(' ');
        return joined.ToString();
    }

    /// <summary>A new part of the index, if it is time.</summary>
    /// <param name="time">The time of a message that was added.</param>
    public static NpgsqlBatchCommand Extend(long time) => Sql.Command(NewPart, Sql.Parameter(time), Sql.Parameter(Lead), Sql.Parameter(PartSize));

    /// <summary>What a batch changes of the index.</summary>
    /// <param name="messages">The messages that the batch has changed.</param>
    /// <param name="isOn">Whether messages are indexed. Where not, they are still taken out.</param>
    public static IEnumerable<NpgsqlBatchCommand> Write((ChannelPlan Channel, MessagePlan Message)[] messages, bool isOn)
    {
        (long Channel, Message Message, string? Tokens)[] rows =
        [
            .. from row in messages
               where row.Message.Stored?.Content.Text != row.Message.Message.Content.Text
               select (row.Channel.Id, row.Message.Message, isOn ? TokensOf(row.Message.Message.Content.Text) : null),
        ];
        var gone = Array.FindAll(rows, row => row.Tokens is null);
        if (gone.Length > 0)
            yield return Sql.Command(
                Delete, Sql.Parameter(Array.ConvertAll(gone, row => row.Channel)), Sql.Parameter(Array.ConvertAll(gone, row => row.Message.Sequence)));
        var kept = Array.FindAll(rows, row => row.Tokens is not null);
        if (kept.Length == 0) yield break;
        yield return Command(Put, kept);
        yield return Extend(kept.Max(row => row.Message.Time.ToUnixTimeMilliseconds()));
    }

    /// <summary>A statement that adds messages.</summary>
    public static NpgsqlBatchCommand Command(string sql, (long Channel, Message Message, string? Tokens)[] rows) => Sql.Command(
        sql, Sql.Parameter(Array.ConvertAll(rows, row => row.Channel)), Sql.Parameter(Array.ConvertAll(rows, row => row.Message.Sequence)),
        Sql.Parameter(Array.ConvertAll(rows, row => row.Message.Time.ToUnixTimeMilliseconds())), Sql.Parameter(Array.ConvertAll(rows, row => row.Tokens)));

    /// <summary>
    /// Up to which sequence a channel stays indexed: all, or where messages are not indexed the one before the first whose text was changed.
    /// </summary>
    public static long? Kept(ChannelPlan channel, bool isOn) => isOn ? null : channel.Messages
        .Where(message => message.Stored is { } stored && stored.Content.Text != message.Message.Content.Text)
        .Min(message => (long?)message.Message.Sequence - 1);
}
