using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Index;
using RealtimeKit.Sqlite.Messages;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Removes what belonged to deleted channels, a piece at a time, so that no other write waits for long.</summary>
internal static class Discarded
{
    // What refers to messages goes before them.
    private static readonly string[] OfMessages =
    [
        "DELETE FROM reactions WHERE position IN (SELECT position FROM reactions WHERE message BETWEEN ? AND ? LIMIT ?)",
        "DELETE FROM summaries WHERE message IN (SELECT message FROM summaries WHERE message BETWEEN ? AND ? LIMIT ?)",
    ];

    // SQLite finds rows by one key of several columns only where it is given each column.
    private static readonly (string Find, string Remove)[] OfUsers =
    [
        ("SELECT user, sequence FROM mentions WHERE channel = ? LIMIT ?", "DELETE FROM mentions WHERE channel = ? AND user = ? AND sequence = ?"),
        ("SELECT user, block FROM tallies WHERE channel = ? LIMIT ?", "DELETE FROM tallies WHERE channel = ? AND user = ? AND block = ?"),
        ("SELECT user, 0 FROM members WHERE channel = ? LIMIT ?", "DELETE FROM members WHERE channel = ? AND user = ? AND 0 = ?"),
        ("SELECT user, 0 FROM marks WHERE channel = ? LIMIT ?", "DELETE FROM marks WHERE channel = ? AND user = ? AND 0 = ?"),
        ("SELECT user, 0 FROM paces WHERE channel = ? LIMIT ?", "DELETE FROM paces WHERE channel = ? AND user = ? AND 0 = ?"),
        ("SELECT user, sequence FROM reporters WHERE channel = ? LIMIT ?", "DELETE FROM reporters WHERE channel = ? AND user = ? AND sequence = ?"),
        ("SELECT '', sequence FROM reports WHERE channel = ? LIMIT ?", "DELETE FROM reports WHERE channel = ? AND '' = ? AND sequence = ?"),
        ("SELECT user, kind FROM sanctions WHERE channel = ? LIMIT ?", "DELETE FROM sanctions WHERE channel = ? AND user = ? AND kind = ?"),
    ];

    // Before a member of a deleted channel goes: the tombstone has the stamp of the deletion.
    private const string Depart = """
        INSERT INTO departures(user, name, stamp) SELECT m.user, d.name, d.stamp
        FROM discarded d CROSS JOIN members m ON m.channel = d.channel AND m.user > ?2
        WHERE d.channel = ?1 AND d.name IS NOT NULL ORDER BY m.user LIMIT ?3
        ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)
        """;

    /// <summary>Removes so many rows of one deleted channel.</summary>
    /// <returns>Whether there may be more to remove.</returns>
    public static bool RemovePiece(SqliteSession session, int rows)
    {
        if (session.Use("SELECT channel FROM discarded LIMIT 1").Scalar() is not { } channel) return false;
        var first = MessageKey.Of(channel, 0);
        var last = MessageKey.Of(channel, MessageKey.MaxNumber);
        foreach (var sql in OfMessages)
        {
            if (session.Use(sql).Bind(first).Bind(last).Bind(rows).Execute() == rows) return true;
        }

        if (RemoveMessages(session, channel, first, last, rows) == rows) return true;
        // Their records go when their bytes are gone.
        if (session.Use(FileRows.MakeDue).Bind(channel).Bind(rows).Execute() == rows) return true;
        if (session.Use(Actions.Remove).Bind(channel).Bind(rows).Execute() == rows) return true;
        session.Use(Depart).Bind(channel).Bind("").Bind(rows).Execute();
        foreach (var (find, remove) in OfUsers)
        {
            var found = Find(session.Use(find).Bind(channel).Bind(rows));
            foreach (var (user, number) in found) session.Use(remove).Bind(channel).Bind(user).Bind(number).Execute();
            if (found.Count == rows) return true;
        }

        session.Use("DELETE FROM discarded WHERE channel = ?").Bind(channel).Execute();
        return true;
    }

    private static int RemoveMessages(SqliteSession session, long channel, long first, long last, int rows)
    {
        var index = new SearchRows(session, isOn: false);
        var messages = MessageReader.ReadRange(session, first, last, rows);
        foreach (var message in messages)
        {
            if (message.Content.Text is not null) index.Remove(channel, message);
            session.Use("DELETE FROM messages WHERE key = ?").Bind(MessageKey.Of(channel, message.Sequence)).Execute();
        }

        return messages.Count;
    }

    private static List<(string User, long Number)> Find(Statement statement)
    {
        using var rows = statement;
        var found = new List<(string User, long Number)>();
        while (rows.Step()) found.Add((rows.Text(0), rows.Int64(1)));
        return found;
    }
}
