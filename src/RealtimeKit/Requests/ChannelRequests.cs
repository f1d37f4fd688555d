using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests about channels: to list a user's, to make one and to change its settings.</summary>
internal sealed class ChannelRequests(
    ChannelAccess access, IChannelStore channels, IChannelAuthorizer authorizer, SettingsUpdates settings, RowNotices rows, NodeClock clock) : IRequestFamily
{
    public IEnumerable<RequestType> Types => [new("channels", ChannelsAsync, RequestKind.Read), new("create", CreateAsync, RequestKind.Change), new("update", UpdateAsync, RequestKind.Change)];

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
        var data = ChannelFields.Data(ref request.Fields);
        if (!ChannelWords.TryParseKind(request.Fields.String(FrameField.Kind), out var kind))
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.Kind, "must be public, private or direct");
        var others = (request.Fields.Users(FrameField.Members, MostMembersAtOnce) ?? [])
            .Where(user => user != request.User).Distinct(StringComparer.Ordinal).ToList();
        if (kind == ChannelKind.Direct && others.Count != 1)
            request.Fields.Fail(ErrorCodes.Invalid, FrameField.Members, "must name the one other user of a direct channel");
        if (request.IsFaulty()) return;
        var channel = named ?? NewName(kind);
        var decision = await authorizer.AuthorizeAsync(
            new AccessRequest(request.User, ChannelOperation.Create, channel, kind, null)
            {
                Principal = request.Session.Principal, Target = kind == ChannelKind.Direct ? others[0] : null,
            },
            request.Ended).ConfigureAwait(false);
        if (decision != Access.Allowed)
        {
            if (named is null) request.Error(ErrorCodes.Forbidden, "You may not create a channel.");
            else request.Forbidden(ChannelOperation.Create, named);
            return;
        }

        var made = new NewChannel(channel, kind, name, request.User, others, clock.Timestamp) { Data = data, HeedsBlocks = true };
        var result = await channels.CreateAsync(made, request.Ended).ConfigureAwait(false);
        if (result.Outcome == CreateOutcome.Created) rows.Joined(channel, made.Roles.Keys);
        if (result.Outcome == CreateOutcome.Blocked) request.Error(ErrorCodes.Forbidden, $"You may not create a direct channel with '{others[0]}'.");
        else if (result.Outcome == CreateOutcome.Taken) request.Error(ErrorCodes.Conflict, $"The name '{channel}' is taken.");
        else request.Ok(channel: result.Channel);
    }

    private async ValueTask UpdateAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var change = new SettingsChange(channel)
        {
            Name = new(
                request.Fields.Has(FrameField.Name) || request.Fields.IsNull(FrameField.Name),
                request.Fields.String(FrameField.Name, ProtocolConstants.MaxNameLength, ErrorCodes.TooLarge)),
            Data = new(request.Fields.Has(FrameField.Data) || request.Fields.IsNull(FrameField.Data), ChannelFields.Data(ref request.Fields)),
            Closed = request.Fields.Has(FrameField.Closed) ? request.Fields.Boolean(FrameField.Closed) : null,
            SlowMode = ChannelFields.SlowMode(ref request.Fields),
        };
        if (request.IsFaulty()) return;
        await request.UntilDecidedAsync(async () =>
        {
            if (await access.FindAsync(request, channel, ChannelOperation.Update).ConfigureAwait(false) is not { } view) return true;
            if (change.Closed is not null && !await access.AdmitAsync(request, access.Ask(request, view, ChannelOperation.Close)).ConfigureAwait(false)) return true;
            if (view.Kind == ChannelKind.Direct && (change.Name.Replaces || change.SlowMode is not null))
            {
                request.Error(ErrorCodes.Forbidden, $"Of the direct channel '{channel}' only 'data' can be changed.");
                return true;
            }

            var result = await settings.UpdateAsync(
                change with { By = request.User, Time = clock.Timestamp, Revision = view.Head.Revision }, request.Ended).ConfigureAwait(false);
            if (result.Outcome == SettingsOutcome.Stale) return false;
            if (result.Outcome == SettingsOutcome.NoChannel) request.NoChannel(channel);
            else request.Ok();
            return true;
        }).ConfigureAwait(false);
    }

    public static string NewName(ChannelKind kind) => $"{kind.ToWord()}-{Guid.CreateVersion7():N}";
}
