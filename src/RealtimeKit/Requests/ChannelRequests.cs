using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests about a user's channels: to list them and to make one.</summary>
internal sealed class ChannelRequests(IChannelStore channels, IChannelAuthorizer authorizer, NodeClock clock) : IRequestFamily
{
    public IEnumerable<RequestType> Types => [new("channels", ChannelsAsync), new("create", CreateAsync)];

    private const int MostMembersAtOnce = 200;

    private async ValueTask ChannelsAsync(Request request)
    {
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var before = request.Fields.String(FrameField.Before);
        if (request.IsFaulty()) return;
        try
        {
            // Only the store knows where a shorter page ends: a page that does not fit is read again with as many channels as fit.
            while (limit > 0)
            {
                var page = await channels.ListChannelsAsync(request.User, before, limit, request.Ended).ConfigureAwait(false);
                limit = Answer(request, page);
            }
        }
        catch (FormatException)
        {
            request.Error(ErrorCodes.Invalid, "'before' must be the 'next' of an earlier reply.");
        }
    }

    /// <summary>Answers with a page.</summary>
    /// <returns>0, or how many channels fit where that are not all; nothing was answered then.</returns>
    private static int Answer(Request request, ChannelPage page)
    {
        using var frame = new FrameBuffer();
        var fitting = ServerReplies.Channels(frame, request.Id!.Value, page.Channels, page.Next is not null, page.Next);
        if (fitting < page.Channels.Count) return fitting;
        using var reply = request.Session.Output.Open();
        reply.Buffer.Append(frame.WrittenSpan);
        return 0;
    }

    private async ValueTask CreateAsync(Request request)
    {
        var named = request.Fields.Has(FrameField.Channel) ? request.Fields.Identifier(FrameField.Channel) : null;
        var name = request.Fields.String(FrameField.Name, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge);
        if (!ChannelWords.TryParseKind(request.Fields.String(FrameField.Kind), out var kind))
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.Kind, "must be public, private or direct");
        var others = (request.Fields.Users(FrameField.Members, MostMembersAtOnce) ?? [])
            .Where(user => user != request.User).Distinct(StringComparer.Ordinal).ToList();
        if (kind == ChannelKind.Direct && others.Count != 1)
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.Members, "must name the one other user of a direct channel");
        if (request.IsFaulty()) return;
        var channel = named ?? NewName(kind);
        var access = await authorizer.AuthorizeAsync(
            new AccessRequest(request.User, ChannelOperation.Create, channel, kind, null), request.Ended).ConfigureAwait(false);
        if (access != Access.Allowed)
        {
            if (named is null) request.Error(ErrorCodes.Forbidden, "You may not create a channel.");
            else request.Forbidden(ChannelOperation.Create, named);
            return;
        }

        var result = await channels.CreateAsync(
            new NewChannel(channel, kind, name, request.User, others, clock.Timestamp), request.Ended).ConfigureAwait(false);
        if (result.Outcome == CreateOutcome.Taken) request.Error(ErrorCodes.Conflict, $"The name '{channel}' is taken.");
        else request.Ok(channel: result.Channel);
    }

    public static string NewName(ChannelKind kind) => $"{kind.ToWord()}-{Guid.CreateVersion7():N}";
}
