using RealtimeKit.Inboxes;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests about a user's inbox. There must be a store that has them.</summary>
internal sealed class InboxRequests(ChannelAccess access, IInboxStore store, InboxOpener opener, RowNotices rows) : IRequestFamily
{
    public string? Feature => "inbox";

    public IEnumerable<RequestType> Types =>
    [
        new("inbox", InboxAsync, RequestKind.Read),
        new("closeInbox", CloseInbox, null),
        new("prefer", PreferAsync, RequestKind.Change),
    ];

    private async ValueTask InboxAsync(Request request)
    {
        var after = request.Fields.String(FrameField.After);
        if (request.IsFaulty()) return;
        var session = request.Session;
        var inbox = new Inbox(request.User, session.Output);
        var beginning = await opener.BeginAsync(inbox, after, request.Ended).ConfigureAwait(false);
        var replaced = session.Inbox;
        session.Inbox = inbox;
        using (var reply = session.Output.Open())
        {
            // Under one lock with the reply: nothing of the first may follow it.
            if (replaced is not null) replaced.IsEnded = true;
            InboxFrames.Opened(reply.Buffer, request.Id!.Value, beginning.Cursor, beginning.IsReset, beginning.Totals);
            if (beginning.Listed is null) WriteLevel(reply.Buffer, beginning);
        }

        if (replaced is not null) opener.End(replaced);
        opener.Start(inbox, beginning);
    }

    // The client misses nothing, and is told so at once.
    private static void WriteLevel(FrameBuffer output, InboxBeginning beginning)
    {
        ReadOnlySpan<ChannelSummary> none = [];
        ReadOnlySpan<string> nobody = [];
        InboxFrames.Rows(output, ref none, ref nobody, new InboxFrame(beginning.Cursor, beginning.Cursor, beginning.Totals));
    }

    private ValueTask CloseInbox(Request request)
    {
        var inbox = request.Session.Inbox;
        request.Session.Inbox = null;
        using (var reply = request.Session.Output.Open())
        {
            if (inbox is not null) inbox.IsEnded = true;
            ServerReplies.Ok(reply.Buffer, request.Id!.Value);
        }

        if (inbox is not null) opener.End(inbox);
        return ValueTask.CompletedTask;
    }

    private async ValueTask PreferAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var notify = Notify(ref request.Fields);
        bool? pinned = request.Fields.Has(FrameField.Pinned) ? request.Fields.Boolean(FrameField.Pinned) : null;
        bool? hidden = request.Fields.Has(FrameField.Hidden) ? request.Fields.Boolean(FrameField.Hidden) : null;
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var change = new PreferenceChange(channel, request.User, new ChannelPreferences(notify, pinned, hidden));
        switch ((await store.SetPreferencesAsync(change, request.Ended).ConfigureAwait(false)).Outcome)
        {
            case PreferenceOutcome.NoChannel:
                request.NoChannel(channel);
                break;
            case PreferenceOutcome.NoMember:
                request.Error(ErrorCodes.Forbidden, $"You are no member of channel '{channel}': preferences belong to a membership.");
                break;
            case PreferenceOutcome.Changed:
                rows.Changed(channel, request.User);
                request.Ok();
                break;
            default:
                request.Ok();
                break;
        }
    }

    private static ChannelNotify? Notify(ref FrameFields fields)
    {
        if (!fields.Has(FrameField.Notify)) return null;
        if (!ChannelWords.TryParseNotify(fields.String(FrameField.Notify), out var notify))
            fields.Fail(ErrorCodes.Invalid, FrameField.Notify, "must be all, mentions or none");
        return notify;
    }
}
