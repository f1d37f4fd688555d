using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Keeps and reads the directory of public channels.</summary>
internal static class PublicChannels
{
    private const int Piece = 500;

    /// <summary>Adds the channel whose name is <c>$1</c>, where it has no rows: its prefixes and its key.</summary>
    public const string Insert = """
        WITH listed AS (UPDATE channels SET listed = true WHERE name = $1 AND kind = 0 AND NOT listed AND title IS NOT DISTINCT FROM $4 RETURNING id)
        INSERT INTO directory(prefix, key, channel) SELECT p.prefix, $3, listed.id FROM listed, unnest($2) AS p(prefix)
        """;

    /// <summary>Takes the channel of the number <c>$1</c> out.</summary>
    public const string Remove = "WITH gone AS (DELETE FROM directory WHERE channel = $1) UPDATE channels SET listed = false WHERE id = $1";

    public const string Unlisted = "SELECT name, title FROM channels WHERE kind = 0 AND NOT listed ORDER BY name LIMIT $1";

    // Each step finds the first key of every prefix from a place on. Where these agree a channel is found, and the next step begins behind it;
    // where they do not, the next begins at the last of them.
    public const string List = """
        WITH RECURSIVE walk(step, place, hits, channel) AS (
            SELECT 0, $2::bytea, 0, NULL::bigint
            UNION ALL
            SELECT w.step + 1, CASE WHEN f.agrees THEN f.top || '\x00'::bytea ELSE f.top END, w.hits + (h.channel IS NOT NULL)::int, h.channel
            FROM walk w
            CROSS JOIN LATERAL (
                SELECT k.keys[1] = k.keys[cardinality(k.keys)] AS agrees, k.keys[cardinality(k.keys)] AS top
                FROM (
                    SELECT array_agg(l.key ORDER BY l.key) AS keys FROM unnest($1) AS p(prefix)
                    CROSS JOIN LATERAL (SELECT key FROM directory WHERE prefix = p.prefix AND key >= w.place ORDER BY key LIMIT 1) l) k
                WHERE cardinality(k.keys) = cardinality($1)) f
            LEFT JOIN LATERAL (
                SELECT d.channel FROM directory d
                WHERE d.prefix = '' AND d.key = f.top AND f.agrees AND NOT EXISTS (
                    SELECT FROM sanctions WHERE channel = d.channel AND kind = 0 AND user_id = $3 AND (until IS NULL OR until > $4))) h ON true
            WHERE w.step < $5 AND w.hits < $6)
        SELECT w.step, w.place, c.name, c.sequence, c.members, m.role, c.title, c.data, c.closed, c.slow_mode
        FROM (SELECT *, max(step) OVER () AS last FROM walk) w
        LEFT JOIN channels c ON c.id = w.channel LEFT JOIN members m ON m.channel = w.channel AND m.user_id = $3
        WHERE w.channel IS NOT NULL OR w.step = w.last ORDER BY w.step
        """;

    public static NpgsqlBatchCommand Add(string channel, string? name) => Sql.Command(
        Insert, Sql.Parameter(channel), Sql.Parameter(DirectoryRules.Prefixes(name).ToArray()), Sql.Parameter(DirectoryRules.Key(name, channel)), Sql.Parameter(name));

    /// <summary>Adds public channels that an earlier version has made.</summary>
    /// <returns>Whether there may be more of them.</returns>
    public static async Task<bool> AddPieceAsync(DatabaseSession session)
    {
        var unlisted = await session.RunAsync(
            static async rows =>
            {
                var found = new List<(string Channel, string? Name)>();
                while (await rows.ReadAsync().ConfigureAwait(false)) found.Add((rows.GetString(0), rows.IsDBNull(1) ? null : rows.GetString(1)));
                return found;
            },
            Sql.Command(Unlisted, Sql.Parameter((long)Piece))).ConfigureAwait(false);
        if (unlisted.Count > 0) await session.RunAsync([.. unlisted.Select(channel => Add(channel.Channel, channel.Name))]).ConfigureAwait(false);
        return unlisted.Count == Piece;
    }

    public static Task<DirectoryPage> ListAsync(DatabaseSession session, DirectoryQuery query) => query.IsEmpty
        ? Task.FromResult(new DirectoryPage([], null))
        : session.RunAsync(
            rows => ReadAsync(rows, query.Limit),
            Sql.Command(
                List, Sql.Parameter(query.Prefixes.ToArray()), Sql.Parameter(query.Start.ToArray()), Sql.Parameter(query.User),
                Sql.Parameter(query.Time.ToUnixTimeMilliseconds()), Sql.Parameter(DirectoryRules.MaxSteps), Sql.Parameter(query.Limit + 1)));

    private static async Task<DirectoryPage> ReadAsync(NpgsqlDataReader rows, int limit)
    {
        var channels = new List<DirectoryChannel>();
        var ends = new List<byte[]>();
        byte[]? stopped = null;
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            var place = rows.GetFieldValue<byte[]>(1);
            if (rows.GetInt32(0) == DirectoryRules.MaxSteps) stopped = place;
            if (rows.IsDBNull(2)) continue;
            var settings = Settings.Read(rows, 6);
            channels.Add(new DirectoryChannel(
                new ListedChannel(rows.GetString(2), settings.Name, settings.Data, rows.GetInt64(4), rows.GetInt64(3)),
                rows.IsDBNull(5) ? null : (ChannelRole)rows.GetInt16(5), settings.Closed));
            ends.Add(place);
        }

        return DirectoryPage.Of(channels, ends, limit, stopped);
    }
}
