using System.Globalization;
using Npgsql;
using RealtimeKit.PostgreSql.Database;
using RealtimeKit.PostgreSql.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql.Channels;

/// <summary>Keeps and lists reports of messages. A change takes two round trips and locks its channel's row, as one of members does.</summary>
internal static class Reports
{
    private const string Columns = "r.sequence, r.time, r.state, r.reason, r.reporters, r.message";
    private const int Count = 6;

    public const string Find = $"""
        SELECT c.id, c.epoch, c.revision, EXISTS (SELECT FROM reporters WHERE channel = c.id AND sequence = $2 AND user_id = $3), {Columns}, {MessageRow.Columns}
        FROM channels c
        LEFT JOIN reports r ON r.channel = c.id AND r.sequence = $2
        LEFT JOIN messages m ON m.channel = c.id AND m.sequence = $2
        WHERE c.name = $1
        """;

    public const string Put = """
        INSERT INTO reports(channel, sequence, time, state, reason, reporters, message) VALUES($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (channel, sequence) DO UPDATE SET state = excluded.state, reporters = excluded.reporters
        """;

    public const string PutReporter = "INSERT INTO reporters(channel, sequence, user_id) VALUES($1, $2, $3)";

    public const string SetState = "UPDATE reports SET state = $3 WHERE channel = $1 AND sequence = $2";

    public const string List = $"""
        SELECT {Columns} FROM channels c
        CROSS JOIN LATERAL (
            SELECT * FROM reports WHERE channel = c.id AND (time, sequence) < ($2, $3) ORDER BY time DESC, sequence DESC LIMIT $4) r
        WHERE c.name = $1 ORDER BY r.time DESC, r.sequence DESC
        """;

    public static async Task<ReportResult> ReportAsync(DatabaseSession session, ReportChange change)
    {
        var found = await FindAsync(session, change.Channel, change.Sequence, change.User).ConfigureAwait(false);
        var result = change.Decide(found?.Epoch, found?.Message, found?.Report, found?.IsReporter == true);
        await session.RunAsync([.. Write(found?.Channel ?? 0, change, result), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    public static async Task<ResolveResult> ResolveAsync(DatabaseSession session, ResolveChange change)
    {
        var found = await FindAsync(session, change.Channel, change.Sequence, "").ConfigureAwait(false);
        var result = change.Decide(found?.Revision, found?.Report?.State);
        await session.RunAsync([.. Write(found?.Channel ?? 0, change, result), Sql.Command("COMMIT")]).ConfigureAwait(false);
        return result;
    }

    public static Task<ReportPage> ListAsync(DatabaseSession session, string channel, ReportPosition before, int limit)
    {
        var page = new ReportPageBuilder(limit);
        return session.RunAsync(
            async rows =>
            {
                while (await rows.ReadAsync().ConfigureAwait(false) && page.TryAdd(Read(rows, 0)!))
                {
                }

                return page.Build();
            },
            Sql.Command(
                List, Sql.Parameter(channel), Sql.Parameter(before.Time.ToUnixTimeMilliseconds()), Sql.Parameter(before.Sequence), Sql.Parameter((long)page.Rows)));
    }

    private static Task<Found?> FindAsync(DatabaseSession session, string channel, long sequence, string user) => session.RunAsync(
        async rows =>
        {
            // A channel that was made after the lock is not there yet for this call.
            if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
            await rows.NextResultAsync().ConfigureAwait(false);
            if (!await rows.ReadAsync().ConfigureAwait(false)) return null;
            const int report = 4;
            const int message = report + Count;
            return new Found(
                rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2), rows.GetBoolean(3), Read(rows, report),
                rows.IsDBNull(message) ? null : MessageRow.Read(rows, message, channel));
        },
        Sql.Command("BEGIN"),
        Sql.Command(MemberWriter.Lock, Sql.Parameter(channel)),
        Sql.Command(Find, Sql.Parameter(channel), Sql.Parameter(sequence), Sql.Parameter(user)));

    private static IEnumerable<NpgsqlBatchCommand> Write(long channel, ReportChange change, ReportResult result)
    {
        if (result is not { Outcome: ReportOutcome.Reported, Report: { } report }) yield break;
        yield return Sql.Command(
            Put, Sql.Parameter(channel), Sql.Parameter(change.Sequence), Sql.Parameter(report.Time.ToUnixTimeMilliseconds()), Sql.Parameter((short)report.State),
            Sql.Parameter(report.Reason), Sql.Parameter(MessageColumns.WriteMentions(report.Reporters)), Sql.Parameter(MessageColumns.WriteMessage(report.Message)));
        yield return Sql.Command(PutReporter, Sql.Parameter(channel), Sql.Parameter(change.Sequence), Sql.Parameter(change.User));
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(long channel, ResolveChange change, ResolveResult result)
    {
        if (result.Outcome != ResolveOutcome.Changed) yield break;
        yield return Sql.Command(SetState, Sql.Parameter(channel), Sql.Parameter(change.Sequence), Sql.Parameter((short)change.State));
        if (result.Action is { } action && Actions.Keep([(channel, action)]) is { } kept) yield return kept;
    }

    private static ChannelReport? Read(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : new ChannelReport(
        row.GetInt64(at).ToString(CultureInfo.InvariantCulture), MessageColumns.ReadMessage(row.GetString(at + 5)),
        MessageColumns.ReadMentions(row.GetString(at + 4))!, MessageRow.Text(row, at + 3), MessageRow.Time(row.GetInt64(at + 1)), (ReportState)row.GetInt16(at + 2));

    private sealed record Found(long Channel, string Epoch, long Revision, bool IsReporter, ChannelReport? Report, Message? Message);
}
