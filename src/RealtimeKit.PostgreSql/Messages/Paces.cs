using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>When users posted last, for the posts of channels with slow mode.</summary>
internal static class Paces
{
    // Who has no row yet may have posted before the slow mode began: the last messages of the channel say so.
    public const string Find = """
        SELECT c.name, p.user_id, coalesce(
            (SELECT time FROM paces WHERE channel = c.id AND user_id = p.user_id),
            (SELECT max(time) FROM (SELECT time, sender FROM messages WHERE channel = c.id ORDER BY sequence DESC LIMIT 1000) m WHERE m.sender = p.user_id))
        FROM unnest($1, $2) AS p(name, user_id) JOIN channels c ON c.name = p.name
        """;

    public const string Put = """
        INSERT INTO paces(channel, user_id, time) SELECT * FROM unnest($1, $2, $3)
        ON CONFLICT (channel, user_id) DO UPDATE SET time = excluded.time
        """;

    public static NpgsqlBatchCommand Of(IEnumerable<PostChange> posts)
    {
        (string Channel, string User)[] keys = [.. posts.Where(post => post.Pause > TimeSpan.Zero).Select(post => (post.Channel, post.Sender)).Distinct()];
        return Sql.Command(Find, Sql.Parameter(Array.ConvertAll(keys, key => key.Channel)), Sql.Parameter(Array.ConvertAll(keys, key => key.User)));
    }

    public static async Task ReadAsync(NpgsqlDataReader rows, AppendPlan plan)
    {
        while (await rows.ReadAsync().ConfigureAwait(false))
        {
            if (!rows.IsDBNull(2)) plan.Find(rows.GetString(0))?.AddLastPost(rows.GetString(1), MessageRow.Time(rows.GetInt64(2)));
        }
    }

    /// <summary>What a batch changes of them; null where nothing.</summary>
    public static NpgsqlBatchCommand? Write(ChannelPlan[] channels)
    {
        (long Channel, string User, long Time)[] rows =
            [.. channels.SelectMany(channel => channel.LastPosts, (channel, last) => (channel.Id, last.User, last.Time.ToUnixTimeMilliseconds()))];
        return rows.Length == 0 ? null : Sql.Command(
            Put, Sql.Parameter(Array.ConvertAll(rows, row => row.Channel)), Sql.Parameter(Array.ConvertAll(rows, row => row.User)),
            Sql.Parameter(Array.ConvertAll(rows, row => row.Time)));
    }
}
