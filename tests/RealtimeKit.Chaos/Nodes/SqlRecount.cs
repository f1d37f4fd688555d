using Npgsql;
using RealtimeKit.Checking.Inboxes;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>Recounts inboxes on PostgreSQL, by the rows themselves: no tally, no index of mentions and no stamp is asked.</summary>
internal sealed class SqlRecount(string connectionString) : IInboxTruth
{
    private const string Query = """
        SELECT c.name, c.kind, c.title, m.role, c.sequence, c.version, c.read, c.closed, m.notify, m.pinned, coalesce(m.hidden >= c.sequence, false), c.changed,
            (SELECT count(*) FROM messages s WHERE s.channel = c.id AND s.sequence > c.read AND s.deleted IS NULL AND s.sender <> m.user_id),
            (SELECT count(*) FROM messages s WHERE s.channel = c.id AND s.sequence > c.read AND s.deleted IS NULL AND s.sender <> m.user_id
                AND m.user_id = ANY(string_to_array(s.mentions, chr(10)))
                AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = m.user_id AND b.blocked = s.sender)),
            l.sequence, l.version, l.sender, l.text, l.deleted IS NOT NULL
        FROM members m
        JOIN (SELECT k.*, coalesce((SELECT sequence FROM marks r WHERE r.channel = k.id AND r.user_id = $1), 0) AS read FROM channels k) c ON c.id = m.channel
        LEFT JOIN messages l ON l.channel = c.id AND l.sequence = c.sequence
        WHERE m.user_id = $1
        """;

    private static readonly string[] Kinds = ["public", "private", "direct"];
    private static readonly string[] Roles = ["member", "moderator", "owner"];
    private static readonly string[] Notify = ["all", "mentions", "none"];

    public async Task<InboxPicture> RecountAsync(string user)
    {
        // The server may have been started just now, and what a pool kept is dead.
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false;Search Path=realtimekit");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Query, connection) { Parameters = { new() { Value = user } } };
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<InboxRow>();
        while (await rows.ReadAsync()) found.Add(Read(rows));
        return InboxPicture.Of(found);
    }

    private static InboxRow Read(NpgsqlDataReader row) => new()
    {
        Channel = row.GetString(0), Kind = Kinds[row.GetInt16(1)], Name = row.IsDBNull(2) ? null : row.GetString(2), Role = Roles[row.GetInt16(3)],
        Sequence = row.GetInt64(4), Version = row.GetInt64(5), Read = row.GetInt64(6), Closed = row.GetBoolean(7), Notify = Notify[row.GetInt16(8)],
        Pinned = row.GetBoolean(9), Hidden = row.GetBoolean(10), Changed = row.GetInt64(11), Unread = row.GetInt64(12), Mentions = row.GetInt64(13),
        Last = row.IsDBNull(14) ? "" : InboxRow.LastOf(row.GetInt64(14), row.GetInt64(15), row.GetString(16), row.IsDBNull(17) ? null : row.GetString(17), row.GetBoolean(18)),
    };
}
