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
    // Asking a part takes up to a millisecond, and a tenth of that where it lacks a word.
    private const int MostParts = 200;

    // So many places of a rare word are looked at without asking the index for the rest.
    private const int FewPlaces = 64;

    private const string Candidates = "SELECT rowid FROM search WHERE search MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?";
    private const string Message = "SELECT message FROM search_messages WHERE position = ?";

    private readonly SearchPageBuilder _page = new(query);
    private readonly SearchScope _scope = new(session, query);

    // What a part lacked. The next ones are asked for it alone: FTS5 opens all that a query names, the common words and channels, too.
    private SearchToken? _rare;

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
            else Read(parts[i].Part, scope, Math.Max(first, parts[i].First), end);
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

    private void Read(long part, IReadOnlyList<string> scope, long first, long end)
    {
        if (_rare is { } rare)
        {
            // In a named channel only what is of it is a candidate; of others each one is looked at.
            var places = Find(SearchTokens.Ask(part, [rare], query.Channel is null ? [] : scope), first, end, FewPlaces + 1);
            if (places.Count <= FewPlaces)
            {
                foreach (var place in places)
                    if (!TryTake(place)) return;
                return;
            }
        }

        var found = false;
        using (var rows = session.Use(Candidates).Bind(SearchTokens.Ask(part, query.Terms.Tokens, scope)).Bind(first).Bind(end).Bind(-1L))
        {
            while (rows.Step())
            {
                found = true;
                if (!TryTake(rows.Int64(0))) return;
            }
        }

        if (!found) _rare ??= query.Terms.Tokens.Cast<SearchToken?>().FirstOrDefault(token => Find(SearchTokens.Ask(part, [token!.Value], []), 0, long.MaxValue, 1).Count == 0);
    }

    private List<long> Find(string match, long first, long end, long most)
    {
        using var rows = session.Use(Candidates).Bind(match).Bind(first).Bind(end).Bind(most);
        var places = new List<long>();
        while (rows.Step()) places.Add(rows.Int64(0));
        return places;
    }

    private bool TryTake(long place)
    {
        var position = SearchPlaces.Position(place);
        return session.Use(Message).Bind(place).Scalar() is { } key && _scope.Find(MessageKey.Channel(key)) is { } channel
            && MessageReader.ReadMessage(session, channel, key) is { } message
            ? _page.TryAdd(message, position) : _page.TryPass(position);
    }
}
