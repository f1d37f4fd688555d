using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Begins a transaction, locks the channels of a batch and reads what its changes are about, in one round trip.</summary>
internal static class ChangeLoader
{
    public const string Lock = "SELECT name, id, version, sequence, epoch, revision FROM channels WHERE name = ANY($1) ORDER BY name FOR NO KEY UPDATE";

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

    public const string Pinned = """
        SELECT c.name, (SELECT count(*) FROM messages WHERE channel = c.id AND pinned IS NOT NULL)
        FROM unnest($1) AS p(name) JOIN channels c ON c.name = p.name
        """;

    /// <summary>Loads the plan.</summary>
    public static Task LoadAsync(DatabaseSession session, AppendPlan plan, IReadOnlyList<MessageChange> changes)
    {
        var files = FileRows.Of(changes);
        ReactChange[] reacts = [.. changes.OfType<ReactChange>()];
        string[] pinning = [.. changes.OfType<PinChange>().Select(pin => pin.Channel).Distinct(StringComparer.Ordinal)];
        return session.RunAsync(
            rows => ReadAsync(rows, plan, pinning.Length > 0, files.Length),
            [
                Sql.Command("BEGIN"),
                Sql.Command(Lock, Sql.Parameter(plan.Channels.ToArray())),
                StoredMessages.BySequence(Targets(changes)),
                StoredMessages.ById(changes.OfType<PostChange>()),
                Given(reacts),
                First(reacts),
                Paces.Of(changes.OfType<PostChange>()),
                .. pinning.Length == 0 ? Array.Empty<NpgsqlBatchCommand>() : [Sql.Command(Pinned, Sql.Parameter(pinning))],
                .. files,
            ]);
    }

    private static IEnumerable<(string Channel, long Sequence)> Targets(IReadOnlyList<MessageChange> changes) =>
        from change in changes
        let target = AppendPlan.TargetOf(change)
        where target is not null
        select (change.Channel, target.Value);

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

    private static async Task<bool> ReadAsync(NpgsqlDataReader rows, AppendPlan plan, bool pinning, int files)
    {
        // A channel that was made after the lock is none of this batch's yet.
        while (await rows.ReadAsync().ConfigureAwait(false))
            plan.Add(new ChannelPlan(rows.GetString(0), rows.GetInt64(1), rows.GetString(4), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(5)));
        for (var i = 0; i < 2; i++)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            await StoredMessages.ReadAsync(rows, (message, digest) => plan.Find(message.Channel)?.Add(message, digest)).ConfigureAwait(false);
        }

        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
            Reactions(rows, plan)?.AddGiven(new GivenReaction(rows.GetInt64(1), rows.GetString(2), rows.GetString(3)));
        await rows.NextResultAsync().ConfigureAwait(false);
        while (await rows.ReadAsync().ConfigureAwait(false))
            Reactions(rows, plan)?.AddFirst(rows.GetInt64(1), rows.GetString(3), rows.GetString(2));
        await rows.NextResultAsync().ConfigureAwait(false);
        await Paces.ReadAsync(rows, plan).ConfigureAwait(false);
        // Asked for only where something is pinned.
        if (pinning)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            while (await rows.ReadAsync().ConfigureAwait(false))
                if (plan.Find(rows.GetString(0)) is { } channel) channel.Pinned = (int)rows.GetInt64(1);
        }

        for (var i = 0; i < files; i++)
        {
            await rows.NextResultAsync().ConfigureAwait(false);
            await FileRows.ReadAsync(rows, plan).ConfigureAwait(false);
        }

        return true;
    }

    private static ReactionPlan? Reactions(NpgsqlDataReader row, AppendPlan plan) => plan.Find(row.GetString(0))?.Reactions;
}
