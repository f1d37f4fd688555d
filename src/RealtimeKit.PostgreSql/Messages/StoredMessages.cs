using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Finds the messages that the changes of a batch are about, each with its digest.</summary>
internal static class StoredMessages
{
    public const string WithId = $"""
        {Select} unnest($1, $2) AS p(name, id) JOIN channels c ON c.name = p.name JOIN messages m ON m.id = p.id AND m.channel = c.id
        """;

    public const string AtSequence = $"""
        {Select} unnest($1, $2) AS p(name, sequence)
        JOIN channels c ON c.name = p.name JOIN messages m ON m.channel = c.id AND m.sequence = p.sequence
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
    public static async Task<bool> ReadAsync(NpgsqlDataReader rows, Action<Message, Guid> add)
    {
        const int digest = 1, message = 2;
        while (await rows.ReadAsync().ConfigureAwait(false)) add(MessageRow.Read(rows, message, rows.GetString(0)), rows.GetGuid(digest));
        return true;
    }

    public static AppendResult Repeat(PostChange post, Message stored, Guid digest)
    {
        const int size = 16;
        Span<byte> bytes = stackalloc byte[size];
        digest.TryWriteBytes(bytes, bigEndian: true, out _);
        return ChangeRules.Repeat(post, stored, bytes);
    }
}
