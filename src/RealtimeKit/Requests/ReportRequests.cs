using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles reports of messages: to make one, to list them and to say what became of one.</summary>
internal sealed class ReportRequests(ChannelAccess access, IChannelStore channels, NodeClock clock, Audit audit) : IRequestFamily
{
    public string? Feature => "moderation";

    public IEnumerable<RequestType> Types =>
    [
        new("report", ReportAsync, RequestKind.Change), new("reports", ReportsAsync, RequestKind.Read), new("resolve", ResolveAsync, RequestKind.Change),
    ];

    private async ValueTask ReportAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var sequence = request.Fields.RequiredInteger(FrameField.Sequence, 1);
        var reason = request.Fields.String(FrameField.Reason, ProtocolConstants.MaxReportReasonLength, ErrorCodes.TooLarge);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Report).ConfigureAwait(false) is not { } view) return;
        var result = await channels.ReportAsync(
            new ReportChange(channel, sequence, request.User, reason, clock.Timestamp) { Epoch = view.Head.Epoch }, request.Ended).ConfigureAwait(false);
        switch (result.Outcome)
        {
            case ReportOutcome.NoChannel:
                request.NoChannel(channel);
                break;
            case ReportOutcome.NoMessage:
                request.Error(ErrorCodes.NotFound, $"There is no message {sequence} in channel '{channel}'.");
                break;
            case ReportOutcome.Deleted:
                request.Error(ErrorCodes.Conflict, "The message was deleted.");
                break;
            default:
                request.Ok();
                break;
        }
    }

    private async ValueTask ReportsAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var before = request.Fields.String(FrameField.Before);
        if (before is not null && !IsPosition(before)) request.Fields.Fail(ErrorCodes.Invalid, FrameField.Before, "must be the 'next' of an earlier reply");
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Moderate).ConfigureAwait(false) is null) return;
        // Only the store knows where a shorter page ends: a page that does not fit is read again with as many reports as fit.
        while (limit > 0)
            limit = Answer(request, await channels.ListReportsAsync(channel, before, limit, request.Ended).ConfigureAwait(false));
    }

    private async ValueTask ResolveAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var report = request.Fields.RequiredString(FrameField.Report, ProtocolConstants.MaxIdentifierLength, ErrorCodes.Invalid);
        if (!ReportWords.TryParse(request.Fields.String(FrameField.State), out var state))
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.State, "must be open, dismissed or acted");
        if (request.IsFaulty()) return;
        await request.UntilDecidedAsync(async () =>
        {
            if (await access.FindAsync(request, channel, ChannelOperation.Resolve).ConfigureAwait(false) is not { } view) return true;
            var change = new ResolveChange(channel, report, state, clock.Timestamp) { By = request.User, Revision = view.Head.Revision };
            var result = await channels.ResolveAsync(change, request.Ended).ConfigureAwait(false);
            if (result.Outcome == ResolveOutcome.Stale) return false;
            audit.Acted(channel, result.Action);
            if (result.Outcome == ResolveOutcome.NoChannel) request.NoChannel(channel);
            else if (result.Outcome == ResolveOutcome.NoReport) request.Error(ErrorCodes.NotFound, $"There is no such report in channel '{channel}'.");
            else request.Ok();
            return true;
        }).ConfigureAwait(false);
    }

    private static bool IsPosition(string text)
    {
        try
        {
            _ = ReportPosition.Parse(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Answers with a page.</summary>
    /// <returns>0, or how many reports fit where that are not all; nothing was answered then.</returns>
    private static int Answer(Request request, ReportPage page)
    {
        using var frame = new FrameBuffer();
        var fitting = ServerReplies.Reports(frame, request.Id!.Value, page.Reports, page.Next);
        if (fitting < page.Reports.Count) return fitting;
        using var reply = request.Session.Output.Open();
        reply.Buffer.Append(frame.WrittenSpan);
        return 0;
    }
}
