using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Sqlite.Messages;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Channels;

/// <summary>Keeps and lists reports of messages. One stands under its channel and the message's sequence.</summary>
internal static class Reports
{
    private const string Columns = "r.sequence, r.time, r.state, r.reason, r.reporters, r.message";

    private const string Select = $"SELECT {Columns} FROM reports r WHERE r.channel = ? AND r.sequence = ?";

    private const string SelectPage = $"""
        SELECT {Columns} FROM channels c JOIN reports r ON r.channel = c.id
        WHERE c.name = ? AND (r.time, r.sequence) < (?, ?) ORDER BY r.time DESC, r.sequence DESC LIMIT ?
        """;

    private const string Upsert = """
        INSERT INTO reports(channel, sequence, time, state, reason, reporters, message) VALUES(?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET state = excluded.state, reporters = excluded.reporters
        """;

    public static ReportResult Report(SqliteSession session, ReportChange change)
    {
        if (FindChannel(session, change.Channel) is not (var channel, var epoch, _)) return change.Decide(null, null, null, false);
        var message = MessageReader.ReadMessage(session, change.Channel, MessageKey.Of(channel, Math.Clamp(change.Sequence, 0, MessageKey.MaxNumber)));
        var isReporter = session.Use("SELECT 1 FROM reporters WHERE channel = ? AND sequence = ? AND user = ?")
            .Bind(channel).Bind(change.Sequence).Bind(change.User).Scalar() is not null;
        var result = change.Decide(epoch, message, Find(session, channel, change.Sequence), isReporter);
        if (result.Outcome != ReportOutcome.Reported) return result;
        var report = result.Report!;
        session.Use(Upsert)
            .Bind(channel).Bind(change.Sequence).Bind(report.Time.ToUnixTimeMilliseconds()).Bind((long)report.State).Bind(report.Reason)
            .Bind(MessageColumns.WriteMentions(report.Reporters)).Bind(MessageColumns.WriteMessage(report.Message)).Execute();
        session.Use("INSERT INTO reporters(channel, sequence, user) VALUES(?, ?, ?)").Bind(channel).Bind(change.Sequence).Bind(change.User).Execute();
        return result;
    }

    public static ResolveResult Resolve(SqliteSession session, ResolveChange change)
    {
        if (FindChannel(session, change.Channel) is not (var channel, _, var revision)) return change.Decide(null, null);
        var result = change.Decide(revision, Find(session, channel, change.Sequence)?.State);
        if (result.Outcome != ResolveOutcome.Changed) return result;
        session.Use("UPDATE reports SET state = ? WHERE channel = ? AND sequence = ?").Bind((long)change.State).Bind(channel).Bind(change.Sequence).Execute();
        if (result.Action is { } action) Actions.Keep(session, channel, action);
        return result;
    }

    public static ReportPage List(SqliteSession session, string channel, ReportPosition before, int limit)
    {
        var page = new ReportPageBuilder(limit);
        using var rows = session.Use(SelectPage).Bind(channel).Bind(before.Time.ToUnixTimeMilliseconds()).Bind(before.Sequence).Bind(page.Rows);
        while (rows.Step() && page.TryAdd(Read(rows)))
        {
        }

        return page.Build();
    }

    private static ChannelReport? Find(SqliteSession session, long channel, long sequence)
    {
        using var row = session.Use(Select).Bind(channel).Bind(sequence);
        return row.Step() ? Read(row) : null;
    }

    private static ChannelReport Read(Statement row) => new(
        row.Int64(0).ToString(System.Globalization.CultureInfo.InvariantCulture), MessageColumns.ReadMessage(row.Text(5)), MessageColumns.ReadMentions(row.Text(4))!,
        row.NullableText(3), MessageRow.Time(row.Int64(1)), (ReportState)row.Int64(2));

    private static (long Id, string Epoch, long Revision)? FindChannel(SqliteSession session, string channel)
    {
        using var row = session.Use("SELECT id, epoch, revision FROM channels WHERE name = ?").Bind(channel);
        return row.Step() ? (row.Int64(0), row.Text(1), row.Int64(2)) : null;
    }
}
