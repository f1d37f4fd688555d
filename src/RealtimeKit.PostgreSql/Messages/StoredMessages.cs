using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Finds the messages that the changes of a batch are about, each with its digest.</summary>
internal static class StoredMessages
{
    // The limits keep each lookup whole: joined, the planner may look for a part of a key and throw away the rest. The zero
    // keeps it from any index but that of the ids.
    public const string WithId = $"""
        {Select} unnest($1, $2) AS p(name, id) JOIN channels c ON c.name = p.name
        CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = p.id AND channel + 0 = c.id LIMIT 1) m
        """;

    public const string AtSequence = $"""
        {Select} unnest($1, $2) AS p(name, sequence) JOIN channels c ON c.name = p.name
        CROSS JOIN LATERAL (SELECT * FROM messages WHERE channel = c.id AND sequence = p.sequence LIMIT 1) m
        """;

    private const string Select = $"SELECT c.name, m.digest, {MessageRow.Columns} FROM";

    public static NpgsqlBatchCommand ById(IEnumerable<PostChange> posts)
    {
        (string Channel, Guid Id)[] keys = [.. posts.Select(post => (post.Channel, post.Id.Value)).Distinct()];
        return Sql.Command(WithId, Sql.Parameter(Array.ConvertAll(keys, key => key.Channel)), Sql.Parameter(Array.ConvertAll(keys, key => key.Id)));
    }

    public static NpgsqlBatchCommand BySequence(IEnumerable<(string Channel, long Sequence)> places)
    {
        (string Channel, long Sequence)[] keys = [.. places.Distinct()];
        return Sql.Command(
            AtSequence, Sql.Parameter(Array.ConvertAll(keys, key => key.Channel)), Sql.Parameter(Array.ConvertAll(keys, key => key.Sequence)));
    }

    /// <summary>Reads the rows of either command.</summary>
    public static async Task ReadAsync(NpgsqlDataReader rows, Action<Message, byte[]> add)
    {
        const int digest = 1, message = 2;
        while (await rows.ReadAsync().ConfigureAwait(false)) add(MessageRow.Read(rows, message, rows.GetString(0)), rows.GetGuid(digest).ToByteArray(bigEndian: true));
    }
}
