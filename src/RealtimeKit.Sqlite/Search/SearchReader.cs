using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Search;

/// <summary>
/// Searches inside a reader's transaction: asks the index part by part, the latest first, and reads its candidates until a page is full.
/// </summary>
internal sealed class SearchReader(SqliteSession session, SearchQuery query)
{
    // Asking a part takes about a third of a millisecond.
    private const int MostParts = 200;

    private const string Candidates = "SELECT rowid FROM search WHERE search MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC";
    private const string Message = "SELECT message FROM search_messages WHERE position = ?";

    private readonly SearchPageBuilder _page = new(query);
    private readonly SearchScope _scope = new(session, query);

    public static SearchPage Search(SqliteSession session, SearchQuery query) => new SearchReader(session, query).Search();

    private SearchPage Search()
    {
        if (_scope.Tokens() is not { } scope) return _page.Build();
        var first = query.Since is { } since ? SearchPlaces.First(Ceiling(since)) : 0;
        var end = query.Until is { } until ? SearchPlaces.First(Ceiling(until)) : long.MaxValue;
        if (query.Before is { } before) end = Math.Min(end, SearchPlaces.Of(before));
        var parts = Parts(first, end);
        for (var i = 0; i < parts.Count && !_page.IsComplete; i++)
        {
            if (i == MostParts) _page.End(SearchPlaces.Position(end));
            else Read(SearchTokens.Ask(parts[i].Part, query.Terms, scope), Math.Max(first, parts[i].First), end);
            end = Math.Min(end, parts[i].First);
        }

        return _page.Build();
    }

    // A time between two milliseconds is before all messages of the later one.
    private static long Ceiling(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds() + (time.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);

    private List<(long Part, long First)> Parts(long first, long end)
    {
        using var rows = session.Use("SELECT part, first FROM search_parts WHERE first < ? ORDER BY first DESC").Bind(end);
        var parts = new List<(long Part, long First)>();
        while ((parts.Count == 0 || parts[^1].First > first) && rows.Step()) parts.Add((rows.Int64(0), rows.Int64(1)));
        return parts;
    }

    private void Read(string match, long first, long end)
    {
        using var rows = session.Use(Candidates).Bind(match).Bind(first).Bind(end);
        while (rows.Step() && TryTake(rows.Int64(0)))
        {
        }
    }

    private bool TryTake(long place)
    {
        var position = SearchPlaces.Position(place);
        return session.Use(Message).Bind(place).Scalar() is { } key && _scope.Find(MessageKey.Channel(key)) is { } channel
            && MessageReader.ReadMessage(session, channel, key) is { } message
            ? _page.TryAdd(message, position) : _page.TryPass(position);
    }
}
