using Npgsql;
using RealtimeKit.PostgreSql.Database;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Begins a transaction, locks the channels of a batch and reads what its changes are about, in one round trip.</summary>
internal static class ChangeLoader
{
    public const string Lock = "SELECT name, id, version, sequence, epoch FROM channels WHERE name = ANY($1) ORDER BY name FOR NO KEY UPDATE";

    public const string GivenReactions = """
        SELECT c.name, r.sequence, r.user_id, r.reaction
        FROM unnest($1, $2, $3, $4) AS p(name, sequence, user_id, reaction) JOIN channels c ON c.name = p.name
        CROSS JOIN LATERAL (
            SELECT * FROM reactions
            WHERE channel = c.id AND sequence = p.sequence AND user_id = p.user_id AND reaction = p.reaction LIMIT 1) r
        """;

    public const string FirstUsers = """
        SELECT c.name, r.sequence, r.user_id, r.reaction
        FROM unnest($1, $2, $3) AS p(name, sequence, reaction) JOIN channels c ON c.name = p.name
        CROSS JOIN LATERAL (
            SELECT * FROM reactions WHERE channel = c.id AND sequence = p.sequence AND reaction = p.reaction ORDER BY position LIMIT $4) r
        ORDER BY r.position
        """;

    public static readonly string SentCounts =
        $"SELECT p.name, p.sender, {Sent.UpTo("c.sequence", "p.sender", "c.id")} FROM unnest($1, $2) AS p(name, sender) JOIN channels c ON c.name = p.name";

    public static async Task<ChangeState> LoadAsync(DatabaseSession session, IReadOnlyList<MessageChange> changes)
    {
        var channels = changes.Select(change => change.Channel).Distinct(StringComparer.Ordinal).ToArray();
        ReactChange[] reacts = [.. changes.OfType<ReactChange>()];
        var state = new ChangeState();
        await session.RunAsync(
            rows => ReadAsync(rows, state),
            Sql.Command("BEGIN"),
            Sql.Command(Lock, Sql.Parameter(channels)),
            StoredMessages.BySequence(changes.SelectMany(Targets)),
            StoredMessages.ById(changes.OfType<PostChange>()),
            Senders(changes.OfType<PostChange>()),
            Given(reacts),
            First(reacts)).ConfigureAwait(false);
        return state;
    }

    private static IEnumerable<(string Channel, long Sequence)> Targets(MessageChange change) => change switch
    {
        PostChange { ReplyTo: { } sequence } => [(change.Channel, sequence)],
        EditChange edit => [(change.Channel, edit.Sequence)],
        DeleteChange delete => [(change.Channel, delete.Sequence)],
        ReactChange react => [(change.Channel, react.Sequence)],
        _ => [],
    };

    private static NpgsqlBatchCommand Senders(IEnumerable<PostChange> posts)
    {
        (string Channel, string Sender)[] senders = [.. posts.Select(post => (post.Channel, post.Sender)).Distinct()];
        return Sql.Command(
            SentCounts, Sql.Parameter(Array.ConvertAll(senders, one => one.Channel)), Sql.Parameter(Array.ConvertAll(senders, one => one.Sender)));
    }

    private static NpgsqlBatchCommand Given(ReactChange[] reacts) => Sql.Command(
        GivenReactions,
        Sql.Parameter(Array.ConvertAll(reacts, react => react.Channel)), Sql.Parameter(Array.ConvertAll(reacts, react => react.Sequence)),
        Sql.Parameter(Array.ConvertAll(reacts, react => react.User)), Sql.Parameter(Array.ConvertAll(reacts, react => react.Reaction)));

    private static NpgsqlBatchCommand First(ReactChange[] reacts)
    {
        (string Channel, long Sequence, string Reaction)[] taken =
            [.. reacts.Where(react => react.Remove).Select(react => (react.Channel, react.Sequence, react.Reaction)).Distinct()];
        return Sql.Command(
            FirstUsers,
            Sql.Parameter(Array.ConvertAll(taken, one => one.Channel)), Sql.Parameter(Array.ConvertAll(taken, one => one.Sequence)),
            Sql.Parameter(Array.ConvertAll(taken, one => one.Reaction)), Sql.Parameter((long)ChangeRules.MaxUsersPerReaction + reacts.Length));
    }

    private static async Task<bool> ReadAsync(NpgsqlDataReader rows, ChangeState state)
    {
        // A channel that was made after the lock is none of this batch's yet.
        while (await rows.ReadAsync().ConfigureAwait(false))
            state.Add(new ChannelState(rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetString(4)));
        for (var i = 0; i < 2; i++)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            await StoredMessages.ReadAsync(rows, (message, digest) =>
                state.FindChannel(message.Channel)?.Add(new MessageState(message, digest, stored: message))).ConfigureAwait(false);
        }

        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false)) state.FindChannel(rows.GetString(0))?.AddSent(rows.GetString(1), rows.GetInt64(2));
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
            Reactions(rows, state)?.AddStored(new Given(rows.GetInt64(1), rows.GetString(2), rows.GetString(3)));
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
            Reactions(rows, state)?.AddFirst(rows.GetInt64(1), rows.GetString(3), rows.GetString(2));
        return true;
    }

    private static ReactionLedger? Reactions(NpgsqlDataReader row, ChangeState state) => state.FindChannel(row.GetString(0))?.Reactions;
}
