using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Keeps and reads the directory of public channels.</summary>
internal static class PublicChannels
{
    private const int Piece = 500;

    private const string Insert = "INSERT INTO directory(prefix, key, channel) VALUES(?, ?, ?)";
    private const string Remove = "DELETE FROM directory WHERE channel = ?";
    private const string First = "SELECT key FROM directory WHERE prefix = ? AND key >= ? ORDER BY key LIMIT 1";
    private const string Unlisted = "SELECT id, name, title FROM channels WHERE kind = 0 AND listed = 0 LIMIT ?";

    private const string Row = $"""
        SELECT c.name, c.sequence, c.members, m.role, s.channel, s.until, {Settings.Columns}
        FROM directory d JOIN channels c ON c.id = d.channel
        LEFT JOIN members m ON m.channel = c.id AND m.user = ?
        LEFT JOIN sanctions s ON s.channel = c.id AND s.kind = 0 AND s.user = ?
        WHERE d.prefix = '' AND d.key = ?
        """;

    public static void Add(SqliteSession session, long id, string? name, string channel)
    {
        var key = DirectoryRules.Key(name, channel);
        foreach (var prefix in DirectoryRules.Prefixes(name)) session.Use(Insert).Bind(prefix).BindBlob(key).Bind(id).Execute();
        session.Use("UPDATE channels SET listed = 1 WHERE id = ?").Bind(id).Execute();
    }

    public static void Delete(SqliteSession session, long id) => session.Use(Remove).Bind(id).Execute();

    /// <summary>Adds public channels that an earlier version has made.</summary>
    /// <returns>Whether there may be more of them.</returns>
    public static bool AddPiece(SqliteSession session)
    {
        var unlisted = new List<(long Id, string Channel, string? Name)>();
        using (var rows = session.Use(Unlisted).Bind(Piece))
        {
            while (rows.Step()) unlisted.Add((rows.Int64(0), rows.Text(1), rows.NullableText(2)));
        }

        foreach (var (id, channel, name) in unlisted) Add(session, id, name, channel);
        return unlisted.Count == Piece;
    }

    public static DirectoryPage List(SqliteSession session, DirectoryQuery query) =>
        query.Read((prefix, least) => Find(session, prefix, least), key => Read(session, query, key));

    private static byte[]? Find(SqliteSession session, string prefix, byte[] least)
    {
        using var row = session.Use(First).Bind(prefix).BindBlob(least);
        return row.Step() ? row.Bytes(0).ToArray() : null;
    }

    private static DirectoryChannel? Read(SqliteSession session, DirectoryQuery query, byte[] key)
    {
        using var row = session.Use(Row).Bind(query.User).Bind(query.User).BindBlob(key);
        if (!row.Step()) return null;
        var isBanned = !row.IsNull(4) && (row.NullableInt64(5) is not { } until || until > query.Time.ToUnixTimeMilliseconds());
        if (isBanned) return null;
        var settings = Settings.Read(row, 6);
        return new DirectoryChannel(
            new ListedChannel(row.Text(0), settings.Name, settings.Data, row.Int64(2), row.Int64(1)), (ChannelRole?)row.NullableInt64(3), settings.Closed);
    }
}
