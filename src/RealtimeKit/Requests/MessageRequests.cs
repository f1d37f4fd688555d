using RealtimeKit.Delivery;
using RealtimeKit.Messages;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests about single messages and history.</summary>
internal sealed class MessageRequests(
    ChannelAccess access, IMessageStore store, IChannelStore channels, Interceptors interceptors, AppendQueue appends, NodeClock clock,
    AttachedFiles attached) : IRequestFamily
{
    public IEnumerable<RequestType> Types =>
    [
        new("edit", EditAsync, RequestKind.Change, ReachesReaders: true),
        new("delete", DeleteAsync, RequestKind.Change, ReachesReaders: true),
        new("react", ReactAsync, RequestKind.Change, ReachesReaders: true),
        new("pin", request => PinAsync(request, remove: false), RequestKind.Change, ReachesReaders: true),
        new("unpin", request => PinAsync(request, remove: true), RequestKind.Change, ReachesReaders: true),
        new("reactions", ReactionsAsync, RequestKind.Read),
        new("history", HistoryAsync, RequestKind.Read),
    ];

    private async ValueTask EditAsync(Request request)
    {
        var (channel, sequence) = ReadPlace(request);
        var edit = MessageDraft.ReadEdit(ref request.Fields, attached);
        if (request.IsFaulty()) return;
        await AppendAsync(request, async () =>
        {
            if (await FindAllowedAsync(request, channel, sequence, ChannelOperation.Edit).ConfigureAwait(false) is not { } found) return null;
            var change = new EditChange(channel, clock.Timestamp, sequence, edit) { Epoch = found.Head.Epoch, Revision = found.Head.Revision };
            change = await attached.FillAsync(change, request.Ended).ConfigureAwait(false);
            if (interceptors.IsEmpty) return change;
            change = await InterceptAsync(request, change, found.Message).ConfigureAwait(false);
            return await attached.FillAsync(change, request.Ended).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    // The whole content that the interceptors saw is stored: two edits of different parts could otherwise produce content that none of them saw.
    private async ValueTask<EditChange> InterceptAsync(Request request, EditChange change, Message message)
    {
        change = change with { Before = message.Content };
        if (ChangeRules.Edit(change, message, message.Version).Outcome != AppendOutcome.Appended) return change;
        var content = await interceptors.AskAsync(
            new InterceptRequest(ContentKind.Edit, change.Channel, request.User, change.Edit.Apply(message.Content), change.Sequence),
            request.Ended).ConfigureAwait(false);
        var whole = new ContentEdit(
            new(true, content.Text), new(true, content.Data), new(true, content.Attachments), new(true, content.Mentions));
        return change with { Edit = whole };
    }

    private async ValueTask DeleteAsync(Request request)
    {
        var (channel, sequence) = ReadPlace(request);
        if (request.IsFaulty()) return;
        await AppendAsync(request, async () =>
            await FindAllowedAsync(request, channel, sequence, ChannelOperation.Delete).ConfigureAwait(false) is { } found
                ? new DeleteChange(channel, clock.Timestamp, sequence) { By = request.User, Epoch = found.Head.Epoch, Revision = found.Head.Revision } : null).ConfigureAwait(false);
    }

    private async ValueTask ReactAsync(Request request)
    {
        var (channel, sequence) = ReadPlace(request);
        var reaction = request.Fields.RequiredString(FrameField.Reaction, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge);
        var remove = request.Fields.Boolean(FrameField.Remove);
        if (request.IsFaulty()) return;
        var intercepted = false;
        await AppendAsync(request, async () =>
        {
            if (await access.FindAsync(request, channel, ChannelOperation.React).ConfigureAwait(false) is not { } view) return null;
            if (!remove && !intercepted && !interceptors.IsEmpty)
            {
                reaction = await interceptors.AskAsync(request, channel, sequence, reaction).ConfigureAwait(false);
                intercepted = true;
            }

            return new ReactChange(channel, clock.Timestamp, sequence, request.User, reaction, remove)
            {
                Epoch = view.Head.Epoch, Revision = view.Head.Revision,
            };
        }).ConfigureAwait(false);
    }

    private async ValueTask PinAsync(Request request, bool remove)
    {
        var (channel, sequence) = ReadPlace(request);
        if (request.IsFaulty()) return;
        await AppendAsync(request, async () =>
            await access.FindAsync(request, channel, ChannelOperation.Pin).ConfigureAwait(false) is { } view
                ? new PinChange(channel, clock.Timestamp, sequence, request.User, remove) { Epoch = view.Head.Epoch, Revision = view.Head.Revision } : null).ConfigureAwait(false);
    }

    private async ValueTask ReactionsAsync(Request request)
    {
        var (channel, sequence) = ReadPlace(request);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        if (await FindMessageAsync(request, channel, sequence).ConfigureAwait(false) is not { } message) return;
        var own = await channels.ListOwnReactionsAsync(channel, sequence, request.User, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Reactions(reply.Buffer, request.Id!.Value, message.Reactions, own);
    }

    private async ValueTask HistoryAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var before = request.Fields.Integer(FrameField.Before, 0);
        var after = request.Fields.Integer(FrameField.After, 0);
        var thread = request.Fields.Integer(FrameField.Thread, 1);
        var pinned = request.Fields.Boolean(FrameField.Pinned);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        if (thread is { } sequence)
        {
            if (await FindMessageAsync(request, channel, sequence).ConfigureAwait(false) is not { } member) return;
            thread = member.Thread ?? member.Sequence;
        }

        var query = new HistoryQuery(channel, new PageLimit(limit, ProtocolConstants.MaxMessageBytes), before, after, thread, pinned);
        var page = await store.ReadHistoryAsync(query, request.Ended).ConfigureAwait(false);
        if (page is null)
        {
            request.NoChannel(channel);
            return;
        }

        using var reply = request.Session.Output.Open();
        ServerPages.History(reply.Buffer, request.Id!.Value, channel, page.Messages, page.More, keepNewest: after is null);
    }

    private static (string Channel, long Sequence) ReadPlace(Request request) =>
        (request.Fields.Identifier(FrameField.Channel), request.Fields.RequiredInteger(FrameField.Sequence, 1));

    private async ValueTask<Message?> FindMessageAsync(Request request, string channel, long sequence)
    {
        var message = await ReadMessageAsync(request, channel, sequence).ConfigureAwait(false);
        if (message is null) NoMessage(request, channel, sequence);
        return message;
    }

    private async ValueTask<Message?> ReadMessageAsync(Request request, string channel, long sequence)
    {
        // A page of one message, right after the one before it.
        var page = await store.ReadHistoryAsync(
            new HistoryQuery(channel, new PageLimit(1, ProtocolConstants.MaxMessageBytes), After: sequence - 1), request.Ended).ConfigureAwait(false);
        return page?.Messages is [var message] && message.Sequence == sequence ? message : null;
    }

    private static void NoMessage(Request request, string channel, long sequence) =>
        request.Error(ErrorCodes.NotFound, $"There is no message {sequence} in channel '{channel}'.");

    // A message's sender never changes within an epoch, so it may be looked up before the change, which bears the epoch, is appended.
    private async ValueTask<(Message Message, ChannelHead Head)?> FindAllowedAsync(Request request, string channel, long sequence, ChannelOperation operation)
    {
        if (await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is not { } view) return null;
        if (await ReadMessageAsync(request, channel, sequence).ConfigureAwait(false) is not { } message)
        {
            // Who may not even change messages of their own is told that, whatever messages there are.
            var own = access.Ask(request, view, operation) with { Sender = request.User, SenderRole = view.Role };
            if (await access.AdmitAsync(request, own).ConfigureAwait(false)) NoMessage(request, channel, sequence);
            return null;
        }

        var sender = message.Sender == request.User ? null
            : await channels.FindAsync(channel, message.Sender, request.Ended).ConfigureAwait(false);
        var asked = access.Ask(request, view, operation) with { Sender = message.Sender, SenderRole = sender?.Role };
        return await access.AdmitAsync(request, asked).ConfigureAwait(false) ? (message, view.Head) : null;
    }

    // Decides, appends, and decides anew where another change came between.
    private async ValueTask AppendAsync(Request request, Func<ValueTask<MessageChange?>> decide)
    {
        try
        {
            await request.UntilDecidedAsync(async () =>
            {
                if (await decide().ConfigureAwait(false) is not { } change) return true;
                var result = await appends.AppendAsync(request.User, change, request.Ended).ConfigureAwait(false);
                if (result.Outcome == AppendOutcome.Stale) return false;
                Answer(request, change, result);
                return true;
            }).ConfigureAwait(false);
        }
        catch (MessageRefusedException exception)
        {
            request.Error(ErrorCodes.Forbidden, exception.Message);
        }
    }

    private static void Answer(Request request, MessageChange change, AppendResult result)
    {
        switch (result.Outcome)
        {
            case AppendOutcome.Appended or AppendOutcome.Unchanged:
                request.Session.Audit.Acted(change.Channel, result.Action);
                request.Ok(result.Message!.Version);
                break;
            case AppendOutcome.Conflict:
                request.Error(ErrorCodes.Conflict, "The message was deleted.");
                break;
            case AppendOutcome.NothingLeft:
                request.Error(ErrorCodes.Invalid, "The edit would leave nothing: delete the message instead.");
                break;
            case AppendOutcome.TooLarge:
                request.Error(ErrorCodes.TooLarge, $"After the edit the message would be too large: text, data and attachments may have at most {ProtocolConstants.MaxFrameBytes} bytes together.");
                break;
            case AppendOutcome.NoFile:
                request.Error(ErrorCodes.Invalid, "A file of the edit is neither in the message nor a finished one of its sender for this channel that is in no other message.");
                break;
            case AppendOutcome.TooManyReactions:
                request.Error(ErrorCodes.TooMany, $"A message may have at most {ChangeRules.MaxReactionsPerMessage} different reactions.");
                break;
            case AppendOutcome.TooManyPins:
                request.Error(ErrorCodes.TooMany, $"A channel may have at most {ChangeRules.MaxPins} pinned messages: unpin another one first.");
                break;
            case AppendOutcome.NoMessage:
                request.Error(ErrorCodes.NotFound, $"There is no such message in channel '{change.Channel}'.");
                break;
            default:
                request.NoChannel(change.Channel);
                break;
        }
    }
}
