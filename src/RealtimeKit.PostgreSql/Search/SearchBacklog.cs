using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Index;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Search;

/// <summary>Finds and indexes what is not indexed yet, a piece at a time, so that no statement holds locks for long.</summary>
internal static class SearchBacklog
{
    private const long Piece = 200;
    private const long SampleInterval = 512;
    private const long SamplesPerPart = SearchRows.PartSize / SampleInterval;

    public const string Count = "SELECT coalesce(sum(sequence - searched), 0)::bigint FROM channels WHERE searched < sequence";

    public const string Next = "SELECT id FROM channels WHERE id > $1 AND searched < sequence ORDER BY id LIMIT 1";

    // Whoever appends to the channel waits for this piece.
    public const string Lock = "SELECT searched, sequence FROM channels WHERE id = $1 FOR NO KEY UPDATE";

    public const string Read = $"""
        SELECT {MessageRow.Columns} FROM channels c CROSS JOIN LATERAL (
            SELECT * FROM messages WHERE channel = c.id AND sequence > c.searched ORDER BY sequence LIMIT $2) m
        WHERE c.id = $1 ORDER BY m.sequence
        """;

    public const string Move = "UPDATE channels SET searched = $2 WHERE id = $1";

    /// <summary>The times of some messages, evenly of all of them, so that it is known how they are spread.</summary>
    public const string Sample = """
        SELECT m.time FROM (SELECT id, sequence, (sum(sequence) OVER (ORDER BY id))::bigint AS total FROM channels) c
        CROSS JOIN LATERAL generate_series(((c.total - c.sequence) / $1 + 1) * $1, c.total, $1) AS n
        CROSS JOIN LATERAL (SELECT time FROM messages WHERE channel = c.id AND sequence = n - c.total + c.sequence LIMIT 1) m
        ORDER BY m.time
        """;

    // Nobody adds to the index meanwhile: what is in it stays in the one part that there is, which becomes the latest.
    public const string Hold = "LOCK TABLE search IN SHARE ROW EXCLUSIVE MODE";

    public const string MoveFirst = $"{Firsts} UPDATE search_parts SET first = (SELECT max(first) FROM firsts) WHERE EXISTS(SELECT FROM firsts)";

    public const string AddOthers = $"""
        {Firsts} INSERT INTO search_parts(first, part, position)
        SELECT first, 1 + row_number() OVER (ORDER BY first), 0 FROM firsts WHERE first < (SELECT max(first) FROM firsts)
        """;

    private const string Firsts = """
        WITH known AS (SELECT (SELECT min(time) FROM search) AS first WHERE (SELECT count(*) FROM search_parts) = 1),
        firsts AS (
            SELECT f.first FROM known k, unnest($1) AS f(first) WHERE k.first IS NULL OR f.first < k.first
            UNION SELECT k.first FROM known k WHERE k.first IS NOT NULL
            UNION SELECT 0 FROM known)
        """;

    public static Task<long> CountAsync(DatabaseSession session) => session.RunAsync(
        static async rows => await rows.ReadAsync().ConfigureAwait(false) ? rows.GetInt64(0) : 0, Sql.Command(Count));

    public static Task<long?> NextChannelAsync(DatabaseSession session, long after) => session.RunAsync(
        static async rows => await rows.ReadAsync().ConfigureAwait(false) ? rows.GetInt64(0) : default(long?), Sql.Command(Next, Sql.Parameter(after)));

    /// <summary>Makes parts for messages older than all that is indexed, if there is one part only: so many messages would not fit into it.</summary>
    public static async Task<bool> DivideAsync(DatabaseSession session)
    {
        var times = await session.RunAsync(ReadTimesAsync, Sql.Command(Sample, Sql.Parameter(SampleInterval))).ConfigureAwait(false);
        await session.RunAsync(
            Sql.Command("BEGIN"), Sql.Command(Hold), Sql.Command(MoveFirst, Sql.Parameter(times)), Sql.Command(AddOthers, Sql.Parameter(times)),
            Sql.Command("COMMIT")).ConfigureAwait(false);
        return true;
    }

    /// <summary>Indexes a piece of a channel.</summary>
    /// <returns>How many sequences of it are indexed by that; 0 where none was left.</returns>
    public static async Task<long> IndexPieceAsync(DatabaseSession session, long channel)
    {
        var messages = await session.RunAsync(
            static rows => ReadAsync(rows), Sql.Command("BEGIN"), Sql.Command(Lock, Sql.Parameter(channel)),
            Sql.Command(Read, Sql.Parameter(channel), Sql.Parameter(Piece))).ConfigureAwait(false);
        if (messages.Count == 0)
        {
            await session.RunAsync(Sql.Command("COMMIT")).ConfigureAwait(false);
            return 0;
        }

        (long Channel, Message Message, string? Tokens)[] rows =
            [.. messages.Select(message => (channel, message, SearchRows.TokensOf(message.Content.Text))).Where(row => row.Item3 is not null)];
        await session.RunAsync(
            SearchRows.Command(SearchRows.Add, rows), Sql.Command(Move, Sql.Parameter(channel), Sql.Parameter(messages[^1].Sequence)), Sql.Command("COMMIT")).ConfigureAwait(false);
        return messages.Count;
    }

    // One for each part.
    private static async Task<long[]> ReadTimesAsync(NpgsqlDataReader rows)
    {
        var times = new List<long>();
        for (var i = 1; await rows.ReadAsync().ConfigureAwait(false); i++)
            if (i % SamplesPerPart == 0) times.Add(rows.GetInt64(0));
        return [.. times.Distinct()];
    }

    private static async Task<List<Message>> ReadAsync(NpgsqlDataReader rows)
    {
        var messages = new List<Message>();
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false)) messages.Add(MessageRow.Read(rows, 0, ""));
        return messages;
    }
}
