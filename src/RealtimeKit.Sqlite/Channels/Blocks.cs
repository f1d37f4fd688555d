using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Keeps and reads who blocks whom.</summary>
internal static class Blocks
{
    private const string Is = "SELECT 1 FROM blocks WHERE user = ? AND blocked = ?";
    private const string Count = "SELECT count(*) FROM blocks WHERE user = ?";

    private const string InChannel = """
        SELECT 1 FROM members o JOIN blocks b ON b.user = o.user AND b.blocked = ? WHERE o.channel = ? LIMIT 1
        """;

    // The user's memberships in channels where the other one mentions the user: their numbers of mentions may be others now.
    private const string Recounted = """
        SELECT c.id, c.name FROM members m CROSS JOIN channels c ON c.id = m.channel
        WHERE m.user = ?1 AND EXISTS (SELECT 1 FROM tallies WHERE channel = m.channel AND user = ?1 || char(10) || ?2 AND mentioned > 0)
        """;

    private const string Stamp = "UPDATE members SET stamp = ? WHERE channel = ? AND user = ?";

    /// <summary>Whether a user blocks another one.</summary>
    public static bool Has(SqliteSession session, string user, string other) => session.Use(Is).Bind(user).Bind(other).Scalar() is not null;

    /// <summary>Whether a member of a channel blocks a user.</summary>
    public static bool HasIn(SqliteSession session, long channel, string user) => session.Use(InChannel).Bind(user).Bind(channel).Scalar() is not null;

    public static BlockResult Apply(SqliteSession session, BlockChange change)
    {
        var outcome = change.Decide(Has(session, change.User, change.Other), session.Use(Count).Bind(change.User).Scalar() ?? 0);
        if (outcome != BlockOutcome.Changed) return new BlockResult(outcome);
        var result = new BlockResult(outcome) { Recounted = Recount(session, change) };
        if (change.Remove)
        {
            session.Use("DELETE FROM blocks WHERE user = ? AND blocked = ?").Bind(change.User).Bind(change.Other).Execute();
            return result;
        }

        session.Use("INSERT INTO blocks(user, blocked) VALUES(?, ?)").Bind(change.User).Bind(change.Other).Execute();
        using var revised = session.Use("UPDATE channels SET revision = revision + 1 WHERE pair = ? RETURNING name").Bind(change.Pair);
        string? channel = null;
        while (revised.Step()) channel = revised.Text(0);
        return result with { Channel = channel };
    }

    public static IReadOnlyList<string> List(SqliteSession session, string user)
    {
        using var rows = session.Use("SELECT blocked FROM blocks WHERE user = ? ORDER BY blocked").Bind(user);
        var users = new List<string>();
        while (rows.Step()) users.Add(rows.Text(0));
        return users;
    }

    private static List<string> Recount(SqliteSession session, BlockChange change)
    {
        var channels = new List<(long Id, string Name)>();
        using (var rows = session.Use(Recounted).Bind(change.User).Bind(change.Other))
            while (rows.Step()) channels.Add((rows.Int64(0), rows.Text(1)));
        if (channels.Count == 0) return [];
        var stamp = Stamps.Next(session);
        foreach (var (id, _) in channels) session.Use(Stamp).Bind(stamp).Bind(id).Bind(change.User).Execute();
        return channels.ConvertAll(static one => one.Name);
    }
}
