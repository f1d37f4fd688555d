using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Search;

/// <summary>In which channels a search looks, in the view of a reader's transaction.</summary>
internal sealed class SearchScope(SqliteSession session, SearchQuery query)
{
    // The index is asked for so many channels of a user. Of whoever is in more, it is asked for all, and each candidate is looked at.
    private const int MostChannels = 32;

    private const string Hidden = "SELECT c.id FROM members m CROSS JOIN channels c ON c.id = m.channel WHERE m.user = ? AND c.kind <> ? LIMIT ?";

    private const string Visible = """
        SELECT c.name FROM channels c LEFT JOIN members m ON m.channel = c.id AND m.user = ?
        WHERE c.id = ? AND (m.role IS NOT NULL OR (c.kind = ? AND NOT EXISTS (
            SELECT 1 FROM sanctions s WHERE s.channel = c.id AND s.kind = 0 AND s.user = ? AND (s.until IS NULL OR s.until > ?))))
        """;

    private readonly Dictionary<long, string?> _names = [];

    /// <summary>The tokens of which a message must have one; empty where the index is asked for all, <see langword="null"/> where there is no channel.</summary>
    public IReadOnlyList<string>? Tokens()
    {
        if (query.Channel is { } name)
            return session.Use("SELECT id FROM channels WHERE name = ?").Bind(name).Scalar() is { } id ? [SearchTokens.OfChannel(id)] : null;
        if (query.User is not { } user) return [];
        var tokens = new List<string> { SearchTokens.Public };
        using var rows = session.Use(Hidden).Bind(user).Bind((long)ChannelKind.Public).Bind(MostChannels + 1);
        while (rows.Step()) tokens.Add(SearchTokens.OfChannel(rows.Int64(0)));
        return tokens.Count > MostChannels + 1 ? [] : tokens;
    }

    /// <summary>The name of a channel that the search looks in; <see langword="null"/> of any other.</summary>
    public string? Find(long channel)
    {
        if (!_names.TryGetValue(channel, out var name)) _names[channel] = name = Read(channel);
        return name;
    }

    private string? Read(long channel)
    {
        using var row = query.Channel is null && query.User is { } user
            ? session.Use(Visible).Bind(user).Bind(channel).Bind((long)ChannelKind.Public).Bind(user).Bind(query.Time.ToUnixTimeMilliseconds())
            : session.Use("SELECT name FROM channels WHERE id = ?").Bind(channel);
        return row.Step() ? row.Text(0) : null;
    }
}
