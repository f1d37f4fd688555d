using System.Globalization;
using System.Text;
using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Search;

/// <summary>Searches: asks the index for candidates, the latest part first, and takes them until a page is full.</summary>
internal sealed class SearchReader
{
    // Most pages are full with the first of these. The more are needed, the fewer of them are hits.
    private const long FirstPiece = 256;
    private const long LaterPiece = 1_024;

    // The planner sorts all that is found in the parts that are asked, so that the first are few: they fill most pages of common words.
    // Parts that have nothing take some hundredths of a millisecond each.
    private const long FirstParts = 2;
    private const long MostParts = 128;
    private const int PartsGrow = 4;
    private const int MostRounds = 14;

    // The index is asked for so many channels of a user. Of whoever is in more, it is asked for all, and each candidate is looked at.
    private const long MostChannels = 32;

    /// <summary>The channels of a user that are not public, and the one that was named.</summary>
    public const string Scope = """
        (SELECT c.id FROM members m JOIN channels c ON c.id = m.channel WHERE m.user_id = $1 AND c.kind <> 0 LIMIT $3)
        UNION ALL (SELECT id FROM channels WHERE name = $2)
        """;

    /// <summary>For this transaction only: the index can only be read that way.</summary>
    public const string Allow = "SELECT set_config('enable_bitmapscan', 'on', true)";

    public const string Candidates = $"""
        SELECT q.first, q.time, q.position, c.name, {MessageRow.Columns}
        FROM (
            SELECT p.first, s.channel, s.sequence, s.time, s.position
            FROM (SELECT first, part FROM search_parts WHERE first <= $2 AND {Lowest} ORDER BY first DESC LIMIT $7) p
            CROSS JOIN LATERAL (
                SELECT channel, sequence, time, position FROM search
                WHERE tokens @@ replace($1, '#', p.part::text)::tsquery AND time >= $5 AND time < $6 AND (p.first < $2 OR (time, position) < ($3, $4))) s
            ORDER BY p.first DESC, s.time DESC, s.position DESC LIMIT $8) q
        LEFT JOIN LATERAL (
            SELECT id, name FROM channels WHERE id = q.channel AND ($9 IS NULL OR EXISTS(SELECT FROM members WHERE channel = q.channel AND user_id = $9)
                OR (kind = 0 AND NOT EXISTS(
                    SELECT FROM sanctions WHERE channel = q.channel AND kind = 0 AND user_id = $9 AND (until IS NULL OR until > $10)))) LIMIT 1) c ON true
        LEFT JOIN LATERAL (
            SELECT * FROM messages WHERE channel = c.id AND sequence = q.sequence AND ($11 IS NULL OR sender = $11) LIMIT 1) m ON true
        ORDER BY q.first DESC, q.time DESC, q.position DESC
        """;

    /// <summary>The part behind those that were asked.</summary>
    public const string NextPart = $"SELECT first FROM search_parts WHERE first <= $1 AND {Within} $2), 0) ORDER BY first DESC OFFSET $3 LIMIT 1";

    // Parts that end before the first time have nothing.
    private const string Within = "first >= coalesce((SELECT max(first) FROM search_parts WHERE first <=";
    private const string Lowest = $"{Within} $5), 0)";

    private readonly DatabaseSession _session;
    private readonly SearchQuery _query;
    private readonly SearchPageBuilder _page;
    private readonly long _since;
    private readonly long _until;
    private SearchPosition _before;
    private long _piece = FirstPiece;
    private long _parts = FirstParts;

    private SearchReader(DatabaseSession session, SearchQuery query)
    {
        (_session, _query, _page) = (session, query, new SearchPageBuilder(query));
        (_since, _until) = (query.Since is { } since ? Ceiling(since) : 0, query.Until is { } until ? Ceiling(until) : long.MaxValue);
        // Parts that begin at the end or later have nothing.
        var end = new SearchPosition(_until, long.MaxValue, long.MaxValue);
        _before = query.Before is { } before && before.Part < _until ? before : end;
    }

    public static Task<SearchPage> SearchAsync(DatabaseSession session, SearchQuery query) => new SearchReader(session, query).SearchAsync();

    private async Task<SearchPage> SearchAsync()
    {
        if (await ReadScopeAsync().ConfigureAwait(false) is not { } scope) return _page.Build();
        var text = Text(_query.Terms, scope);
        for (var round = 0; await TakeAsync(text).ConfigureAwait(false) && !_page.IsComplete; round++)
        {
            _piece = LaterPiece;
            if (round + 1 >= MostRounds) _page.End(_before);
        }

        return _page.Build();
    }

    // A time between two milliseconds is before all messages of the later one.
    private static long Ceiling(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds() + (time.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);

    // The tokens of which a message must have one; empty where the index is asked for all, null where there is no channel.
    private async Task<IReadOnlyList<string>?> ReadScopeAsync()
    {
        var user = _query.Channel is null ? _query.User : null;
        if (user is null && _query.Channel is null) return [];
        var channels = await _session.RunAsync(
            static async rows =>
            {
                var channels = new List<string>();
                while (await rows.ReadAsync().ConfigureAwait(false)) channels.Add(string.Create(CultureInfo.InvariantCulture, $"c{rows.GetInt64(0)}"));
                return channels;
            },
            Sql.Command(Scope, Sql.Parameter(user), Sql.Parameter(_query.Channel), Sql.Parameter(MostChannels + 1))).ConfigureAwait(false);
        if (user is null) return channels.Count == 0 ? null : channels;
        return channels.Count > MostChannels ? [] : [.. channels, "p"];
    }

    // Every word of it stands in quotation marks, so that none is an operator. The part's number takes the place of #.
    private static string Text(SearchTerms terms, IReadOnlyList<string> scope)
    {
        var text = new StringBuilder();
        foreach (var (token, isPrefix) in terms.Tokens)
            text.Append(text.Length == 0 ? "'#" : " & '#").Append(token).Append(isPrefix ? "':*" : "'");
        for (var i = 0; i < scope.Count; i++) text.Append(i == 0 ? " & ('#" : " | '#").Append(scope[i]).Append('\'');
        return scope.Count == 0 ? text.ToString() : text.Append(')').ToString();
    }

    /// <summary>Takes the next candidates.</summary>
    /// <returns>Whether there may be more.</returns>
    private Task<bool> TakeAsync(string text) => _session.RunAsync(
        ReadAsync, Sql.Command(Allow),
        Sql.Command(
            Candidates, Sql.Parameter(text), Sql.Parameter(_before.Part), Sql.Parameter(_before.Time), Sql.Parameter(_before.Place), Sql.Parameter(_since),
            Sql.Parameter(_until), Sql.Parameter(_parts), Sql.Parameter(_piece), Sql.Parameter(_query.Channel is null ? _query.User : null),
            Sql.Parameter(_query.Time.ToUnixTimeMilliseconds()), Sql.Parameter(_query.Sender)),
        Sql.Command(NextPart, Sql.Parameter(_before.Part), Sql.Parameter(_since), Sql.Parameter(_parts)));

    private async Task<bool> ReadAsync(NpgsqlDataReader rows)
    {
        const int channel = 3, message = 4;
        await rows.NextResultAsync().ConfigureAwait(false);
        var count = 0;
        for (; await rows.ReadAsync().ConfigureAwait(false); count++)
        {
            _before = new SearchPosition(rows.GetInt64(0), rows.GetInt64(1), rows.GetInt64(2));
            var takesMore = rows.IsDBNull(message)
                ? _page.TryPass(_before) : _page.TryAdd(MessageRow.Read(rows, message, rows.GetString(channel)), _before);
            if (!takesMore) return false;
        }

        if (count == _piece) return true;
        await rows.NextResultAsync().ConfigureAwait(false);
        if (!await rows.ReadAsync().ConfigureAwait(false)) return false;
        _before = new SearchPosition(rows.GetInt64(0), long.MaxValue, long.MaxValue);
        _parts = Math.Min(_parts * PartsGrow, MostParts);
        return true;
    }
}
