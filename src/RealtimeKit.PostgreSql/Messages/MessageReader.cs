using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Reads the log. Each read is one statement, so that head and messages are of one moment.</summary>
internal static class MessageReader
{
    public const string Heads = "SELECT name, epoch, version, sequence, revision FROM channels WHERE name = ANY($1)";

    public const string Changes = $"""
        {Head} ({Sized} (SELECT * FROM messages WHERE channel = c.id AND version > $2 ORDER BY version LIMIT $3) s {By} version {Within} $4) {OfChannel} ORDER BY m.version
        """;

    public const string Oldest = $"""
        {Head} ({Sized} (SELECT * FROM messages WHERE {Range} ORDER BY sequence LIMIT $4) s {By} sequence {Within} $5) {OfChannel} ORDER BY m.sequence
        """;

    public const string Newest = $"""
        {Head} ({Sized} (SELECT * FROM messages WHERE {Range} ORDER BY sequence DESC LIMIT $4) s {By} sequence DESC {Within} $5) {OfChannel} ORDER BY m.sequence DESC
        """;

    public const string OldestOfThread = $"""
        {Head} ({Sized} (({Root} UNION ALL (SELECT * FROM messages WHERE {Range} AND thread = $6 ORDER BY sequence LIMIT $4))
            ORDER BY sequence LIMIT $4) s {By} sequence {Within} $5) {OfChannel} ORDER BY m.sequence
        """;

    public const string NewestOfThread = $"""
        {Head} ({Sized} (({Root} UNION ALL (SELECT * FROM messages WHERE {Range} AND thread = $6 ORDER BY sequence DESC LIMIT $4))
            ORDER BY sequence DESC LIMIT $4) s {By} sequence DESC {Within} $5) {OfChannel} ORDER BY m.sequence DESC
        """;

    public const string OldestPinned = $"""
        {Head} ({Sized} (SELECT * FROM messages WHERE {Pinned} ORDER BY sequence LIMIT $4) s {By} sequence {Within} $5) {OfChannel} ORDER BY m.sequence
        """;

    public const string NewestPinned = $"""
        {Head} ({Sized} (SELECT * FROM messages WHERE {Pinned} ORDER BY sequence DESC LIMIT $4) s {By} sequence DESC {Within} $5) {OfChannel} ORDER BY m.sequence DESC
        """;

    // A channel without messages in the range has one row, whose message is null.
    private const string Head = $"SELECT c.epoch, c.version, c.sequence, c.revision, {MessageRow.Columns} FROM channels c LEFT JOIN LATERAL";
    private const string OfChannel = "m ON true WHERE c.name = $1";
    private const string Range = "channel = c.id AND sequence > $2 AND sequence < $3";

    // Few are pinned, so whether one is of the thread is asked of each.
    private const string Pinned = $"{Range} AND pinned IS NOT NULL AND ($6::bigint IS NULL OR sequence = $6 OR thread = $6)";

    // Rows beyond the page's bytes stay in the database: the page is cut as ever, and the row behind its last shows that there is more.
    private const string Sized = $"SELECT * FROM (SELECT s.*, coalesce(sum({MessageRow.Size}) OVER pages, 0) AS before FROM";
    private const string By = "WINDOW pages AS (ORDER BY";
    private const string Within = "ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING)) b WHERE before <";
    private const string Root = $"SELECT * FROM messages WHERE {Range} AND sequence = $6";

    public static Task<MessagePage?> ReadChangesAsync(DatabaseSession session, string channel, long afterVersion, PageLimit limit)
    {
        var page = new PageBuilder(limit);
        return session.RunAsync(rows => ReadPageAsync(rows, page, channel, descending: false), Sql.Command(
            Changes, Sql.Parameter(channel), Sql.Parameter(afterVersion), Sql.Parameter((long)page.Rows), Sql.Parameter((long)Math.Max(limit.Bytes, 1))));
    }

    public static Task<MessagePage?> ReadHistoryAsync(DatabaseSession session, HistoryQuery query)
    {
        var page = new PageBuilder(query.Limit);
        var descending = query.After is null;
        var command = Sql.Command(
            (query.Pinned, query.Thread, descending) switch
            {
                (true, _, false) => OldestPinned,
                (true, _, true) => NewestPinned,
                (_, null, false) => Oldest,
                (_, null, true) => Newest,
                (_, _, false) => OldestOfThread,
                (_, _, true) => NewestOfThread,
            },
            Sql.Parameter(query.Channel), Sql.Parameter(query.After ?? 0), Sql.Parameter(query.Before ?? long.MaxValue), Sql.Parameter((long)page.Rows), Sql.Parameter((long)Math.Max(query.Limit.Bytes, 1)));
        if (query.Thread is not null || query.Pinned) command.Parameters.Add(Sql.Parameter(query.Thread));
        return session.RunAsync(rows => ReadPageAsync(rows, page, query.Channel, descending), command);
    }

    public static Task<IReadOnlyList<ChannelHead>> ReadHeadsAsync(DatabaseSession session, IReadOnlyCollection<string> channels) => session.RunAsync(
        async rows =>
        {
            var heads = new List<ChannelHead>(channels.Count);
            while (await rows.ReadAsync().ConfigureAwait(false))
                heads.Add(new ChannelHead(rows.GetString(0), rows.GetString(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(4)));
            return (IReadOnlyList<ChannelHead>)heads;
        },
        Sql.Command(Heads, Sql.Parameter(channels.ToArray())));

    private static async Task<MessagePage?> ReadPageAsync(NpgsqlDataReader rows, PageBuilder page, string channel, bool descending)
    {
        const int message = 4;
        ChannelHead? head = null;
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            head ??= new ChannelHead(channel, rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3));
            if (rows.IsDBNull(message) || !page.TryAdd(MessageRow.Read(rows, message, channel))) break;
        }

        return head is null ? null : page.Build(head, descending);
    }
}
