using System.Globalization;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>A user reports a message to the moderators of its channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Sequence">The message.</param>
/// <param name="User">Who reports it.</param>
/// <param name="Reason">Why, if that was said: at most <see cref="ProtocolConstants.MaxReportReasonLength"/> UTF-16 code units.</param>
/// <param name="Time">When, UTC, in whole milliseconds.</param>
public sealed record ReportChange(string Channel, long Sequence, string User, string? Reason, DateTimeOffset Time)
{
    /// <summary>The epoch of the channel in which the user sees the message; any where this is <see langword="null"/>.</summary>
    public string? Epoch { get; init; }

    /// <summary>The report's identifier: there is one for each message.</summary>
    public string Report => Sequence.ToString(CultureInfo.InvariantCulture);

    /// <summary>Decides on the change. A pure function, which a store calls inside its transaction with what it found.</summary>
    /// <param name="epoch">The channel's epoch; <see langword="null"/> where there is no channel.</param>
    /// <param name="message">The message as it is; <see langword="null"/> where there is none.</param>
    /// <param name="stored">The message's report, if it has one.</param>
    /// <param name="isReporter">Whether the user has reported it before.</param>
    public ReportResult Decide(string? epoch, Message? message, ChannelReport? stored, bool isReporter)
    {
        if (epoch is null) return new ReportResult(ReportOutcome.NoChannel);
        if (message is null || (Epoch is not null && Epoch != epoch)) return new ReportResult(ReportOutcome.NoMessage);
        if (message.DeletedAt is not null) return new ReportResult(ReportOutcome.Deleted);
        if (stored is null) return new ReportResult(ReportOutcome.Reported, new ChannelReport(Report, message, [User], Reason, Time, ReportState.Open));
        if (isReporter) return new ReportResult(ReportOutcome.Unchanged, stored);
        var isNamed = stored.Reporters.Count < ProtocolConstants.MaxReporters;
        return new ReportResult(
            ReportOutcome.Reported, stored with { Reporters = isNamed ? [.. stored.Reporters, User] : stored.Reporters, State = ReportState.Open });
    }
}

/// <summary>What became of a report.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Report">The message's report. To be written where the outcome is <see cref="ReportOutcome.Reported"/>, together with who reported.</param>
public readonly record struct ReportResult(ReportOutcome Outcome, ChannelReport? Report = null);

/// <summary>What may become of a report.</summary>
public enum ReportOutcome
{
    /// <summary>It is kept.</summary>
    Reported,

    /// <summary>The user reported the message before.</summary>
    Unchanged,

    /// <summary>The message was deleted.</summary>
    Deleted,

    /// <summary>The message does not exist.</summary>
    NoMessage,

    /// <summary>The channel does not exist.</summary>
    NoChannel,
}

/// <summary>A report gets another state.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Report">The report's identifier.</param>
/// <param name="State">The state.</param>
/// <param name="Time">When, UTC, in whole milliseconds.</param>
public sealed record ResolveChange(string Channel, string Report, ReportState State, DateTimeOffset Time)
{
    /// <summary>Who changes it, where that is a user: then an action is kept. <see langword="null"/> for the application.</summary>
    public string? By { get; init; }

    /// <summary>
    /// The channel's revision at which the change was permitted: where the channel has another by now, nothing is changed and the outcome is
    /// <see cref="ResolveOutcome.Stale"/>. Any revision where this is <see langword="null"/>.
    /// </summary>
    public long? Revision { get; init; }

    /// <summary>The sequence of the message that the report is about; 0 where the identifier is of no report.</summary>
    public long Sequence =>
        long.TryParse(Report, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence.ToString(CultureInfo.InvariantCulture) == Report ? sequence : 0;

    /// <summary>Decides on the change. A pure function, which a store calls inside its transaction with what it found.</summary>
    /// <param name="revision">The channel's revision; <see langword="null"/> where there is no channel.</param>
    /// <param name="stored">The report's state; <see langword="null"/> where there is no such report.</param>
    public ResolveResult Decide(long? revision, ReportState? stored)
    {
        if (revision is null) return new ResolveResult(ResolveOutcome.NoChannel);
        if (Revision is { } permitted && permitted != revision) return new ResolveResult(ResolveOutcome.Stale);
        if (stored is null) return new ResolveResult(ResolveOutcome.NoReport);
        return stored == State ? new ResolveResult(ResolveOutcome.Unchanged)
            : new ResolveResult(ResolveOutcome.Changed, By is null ? null : new ChannelAction(Time, By, "resolve", Data: Fields()));
    }

    private JsonValue Fields()
    {
        using var buffer = new FrameBuffer();
        using (var json = new System.Text.Json.Utf8JsonWriter(buffer, FrameWriter.Options))
        {
            json.WriteStartObject();
            json.WriteString("report"u8, Report);
            json.WriteString("state"u8, State.ToWord());
            json.WriteEndObject();
        }

        return JsonValue.FromTrusted(buffer.WrittenSpan.ToArray());
    }
}

/// <summary>What became of a change of a report's state.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Action">The action to be kept with it, if any.</param>
public readonly record struct ResolveResult(ResolveOutcome Outcome, ChannelAction? Action = null);

/// <summary>What may become of a change of a report's state.</summary>
public enum ResolveOutcome
{
    /// <summary>It changed.</summary>
    Changed,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>There is no such report.</summary>
    NoReport,

    /// <summary>The channel does not exist.</summary>
    NoChannel,

    /// <summary>The change was permitted at another revision than the channel has by now.</summary>
    Stale,
}

/// <summary>A page of reports.</summary>
/// <param name="Reports">The reports, the newest first.</param>
/// <param name="Next">What to send as <c>before</c> for the next page; <see langword="null"/> where this is the last.</param>
public sealed record ReportPage(IReadOnlyList<ChannelReport> Reports, string? Next);

/// <summary>A place in a channel's list of reports: the newest first, equal times by the message, the latest first.</summary>
/// <param name="Time">The report's time.</param>
/// <param name="Sequence">The message's sequence.</param>
public readonly record struct ReportPosition(DateTimeOffset Time, long Sequence)
{
    /// <summary>The place before the first report.</summary>
    public static ReportPosition First { get; } = new(DateTimeOffset.MaxValue, long.MaxValue);

    /// <summary>Reads what <see cref="ToString"/> made; <see langword="null"/> is <see cref="First"/>.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ReportPosition Parse(string? text)
    {
        if (text is null) return First;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || !long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            || time > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            throw new FormatException("The text is not a position in a list of reports: pass the next of an earlier page.");
        return new ReportPosition(DateTimeOffset.FromUnixTimeMilliseconds(time), sequence);
    }

    /// <summary>The place as text, for the wire.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time.ToUnixTimeMilliseconds()}:{Sequence}");
}

/// <summary>Collects a page of reports, so that every store cuts its pages in the same places. Not safe for concurrent use.</summary>
/// <param name="limit">The most reports; fewer than one counts as one.</param>
public sealed class ReportPageBuilder(int limit)
{
    private const int MaxBytes = 512 * 1024;

    private readonly List<ChannelReport> _reports = [];
    private ReportPosition _last;
    private long _bytes;
    private bool _more;

    /// <summary>How many rows a query needs to return at most.</summary>
    public int Rows => Math.Max(limit, 1) + 1;

    /// <summary>Adds the next report; false where the page is full without it, and then there is more.</summary>
    public bool TryAdd(ChannelReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (_reports.Count > 0 && (_reports.Count >= limit || _bytes >= MaxBytes))
        {
            _more = true;
            return false;
        }

        _reports.Add(report);
        _last = new ReportPosition(report.Time, report.Message.Sequence);
        _bytes += PageBuilder.Size(report.Message) + (ProtocolConstants.MaxReporters * ProtocolConstants.MaxIdentifierLength);
        return true;
    }

    /// <summary>The page.</summary>
    public ReportPage Build() => new(_reports, _more ? _last.ToString() : null);
}
