using RealtimeKit.PostgreSql.Database;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>
/// Changes channels, each in one round trip and one transaction. Each locks its channel's row and no other, so that
/// nothing waits in a circle.
/// </summary>
internal static class ChannelWriter
{
    // Looked for first, because a conflict would use up a number.
    public const string Insert = """
        WITH made AS (
            INSERT INTO channels(name, title, kind, pair, epoch, created, changed, data, stamp) SELECT $1, $2, $3, $4, $5, $6, $6, $9, txid_current()
            WHERE NOT EXISTS (SELECT FROM channels WHERE name = $1) AND NOT EXISTS (SELECT FROM channels WHERE pair = $4)
                AND NOT EXISTS (SELECT FROM blocks WHERE user_id = $10 AND blocked = $11)
            ON CONFLICT DO NOTHING RETURNING id),
        seated AS (INSERT INTO members(channel, user_id, role, stamp) SELECT made.id, m.user_id, m.role, txid_current() FROM made, unnest($7, $8) m(user_id, role))
        SELECT id FROM made
        """;

    public const string OfPair = "SELECT name FROM channels WHERE pair = $1";

    // The rows go afterwards, in pieces: a large channel's would take longer than a call may.
    public const string Discard = """
        WITH gone AS (DELETE FROM channels WHERE name = $1 RETURNING id),
        kept AS (INSERT INTO discarded(channel, name, stamp) SELECT id, $1, txid_current() FROM gone),
        unlisted AS (DELETE FROM directory WHERE channel IN (SELECT id FROM gone))
        SELECT id FROM gone
        """;

    // In the order of the names, in which everybody locks them, and in pieces, because a call has a limit.
    public const string RenewEpochs = """
        WITH piece AS (SELECT id, name FROM channels WHERE name > $1 ORDER BY name LIMIT 5000 FOR NO KEY UPDATE),
        renewed AS (
            UPDATE channels c SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 20), stamp = txid_current() FROM piece p WHERE c.id = p.id)
        SELECT max(name) FROM piece
        """;

    public const string RenewInboxEpoch = "UPDATE inbox_epoch SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 20)";

    /// <summary>
    /// Statements that take so many rows' stamps back: those above the present transaction, as in a dump that was read into another server,
    /// would look changed for ever.
    /// </summary>
    public static readonly string[] Rewind =
    [
        "UPDATE members SET stamp = 0 WHERE ctid = ANY(ARRAY(SELECT ctid FROM members WHERE stamp > txid_current() LIMIT $1))",
        "UPDATE marks SET stamp = 0 WHERE ctid = ANY(ARRAY(SELECT ctid FROM marks WHERE stamp > txid_current() LIMIT $1))",
        "UPDATE departures SET stamp = 0 WHERE ctid = ANY(ARRAY(SELECT ctid FROM departures WHERE stamp > txid_current() LIMIT $1))",
        "UPDATE discarded SET stamp = 0 WHERE ctid = ANY(ARRAY(SELECT ctid FROM discarded WHERE stamp > txid_current() LIMIT $1))",
    ];

    private const int RewindPiece = 5_000;

    /// <summary>Takes a piece of stamps back.</summary>
    /// <returns>Whether there may be more.</returns>
    public static Task<bool> RewindAsync(DatabaseSession session, string sql) => session.RunAsync(
        static rows => Task.FromResult(rows.RecordsAffected == RewindPiece), Sql.Command(sql, Sql.Parameter((long)RewindPiece)));

    public static Task<CreateResult> CreateAsync(DatabaseSession session, NewChannel channel)
    {
        var roles = channel.Roles;
        // A block that is made at the same time finds the channel, or is found here.
        return session.RunAsync(
            async rows =>
            {
                await rows.NextResultAsync().ConfigureAwait(false);
                if (await rows.ReadAsync().ConfigureAwait(false)) return new CreateResult(CreateOutcome.Created, channel.Channel);
                await rows.NextResultAsync().ConfigureAwait(false);
                if (await rows.ReadAsync().ConfigureAwait(false)) return new CreateResult(CreateOutcome.PairExists, rows.GetString(0));
                await rows.NextResultAsync().ConfigureAwait(false);
                var isBlocked = await rows.ReadAsync().ConfigureAwait(false) && rows.GetBoolean(0);
                return new CreateResult(isBlocked ? CreateOutcome.Blocked : CreateOutcome.Taken, channel.Channel);
            },
            channel.Pair is { } pair ? Blocks.LockOf(pair) : Sql.Command("SELECT"),
            Sql.Command(
                Insert, Sql.Parameter(channel.Channel), Sql.Parameter(channel.Name), Sql.Parameter((short)channel.Kind), Sql.Parameter(channel.Pair),
                Sql.Parameter(ChannelHead.NewEpoch()), Sql.Parameter(channel.Created.ToUnixTimeMilliseconds()),
                Sql.Parameter(roles.Keys.ToArray()), Sql.Parameter(roles.Values.Select(role => (short)role).ToArray()),
                Sql.Parameter(channel.Data?.ToString()), Sql.Parameter(channel.Blocker), Sql.Parameter(channel.Owner)),
            Sql.Command(OfPair, Sql.Parameter(channel.Pair)),
            Sql.Command(Blocks.Has, Sql.Parameter(channel.Blocker), Sql.Parameter(channel.Owner)),
            channel.Kind == ChannelKind.Public ? PublicChannels.Add(channel.Channel, channel.Name) : Sql.Command("SELECT"));
    }

    public static Task<bool> DeleteAsync(DatabaseSession session, string channel) => session.RunAsync(
        static async rows => await rows.ReadAsync().ConfigureAwait(false), Sql.Command(Discard, Sql.Parameter(channel)));

    /// <summary>Gives the next channels new epochs.</summary>
    /// <returns>The last of them, or <see langword="null"/> where there is none after <paramref name="after"/>.</returns>
    public static Task<string?> RenewEpochsAsync(DatabaseSession session, string after) => session.RunAsync(
        static async rows => await rows.ReadAsync().ConfigureAwait(false) && !rows.IsDBNull(0) ? rows.GetString(0) : null,
        Sql.Command(RenewEpochs, Sql.Parameter(after)));
}
