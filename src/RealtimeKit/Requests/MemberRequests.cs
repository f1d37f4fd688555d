using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests about membership and read marks.</summary>
internal sealed class MemberRequests(ChannelAccess access, IChannelStore channels, Memberships memberships, Receipts receipts, NodeClock clock) : IRequestFamily
{
    public IEnumerable<RequestType> Types =>
    [
        new("read", ReadAsync, RequestKind.Signal, ReachesReaders: true),
        new("members", MembersAsync, RequestKind.Read),
        new("join", request => ChangeAsync(request, ChannelOperation.Join, static (channel, user) => new JoinChange(channel, user)), RequestKind.Change),
        new("leave", request => ChangeAsync(request, ChannelOperation.Leave, static (channel, user) => new LeaveChange(channel, user)), RequestKind.Change),
    ];

    private async ValueTask ReadAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var sequence = request.Fields.RequiredInteger(FrameField.Sequence, 1);
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is not { } view) return;
        if (await receipts.MoveAsync(view, request.User, sequence, request.Session.Output, request.Ended).ConfigureAwait(false) is null) request.NoChannel(channel);
        else request.Ok();
    }

    private async ValueTask MembersAsync(Request request)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        var limit = request.Fields.PageSize(FrameField.Limit) ?? ProtocolConstants.DefaultPageSize;
        var after = request.Fields.Has(FrameField.After) ? request.Fields.User(FrameField.After) : null;
        if (request.IsFaulty() || await access.FindAsync(request, channel, ChannelOperation.Read).ConfigureAwait(false) is null) return;
        var page = (await channels.ListMembersAsync(channel, after, limit, request.Ended).ConfigureAwait(false)).At(clock.Timestamp);
        using var reply = request.Session.Output.Open();
        ServerReplies.Members(reply.Buffer, request.Id!.Value, channel, page.Members, page.More);
    }

    private async ValueTask ChangeAsync(Request request, ChannelOperation operation, Func<string, string, MemberChange> toChange)
    {
        var channel = request.Fields.Identifier(FrameField.Channel);
        if (request.IsFaulty() || await access.FindAsync(request, channel, operation).ConfigureAwait(false) is not { } view) return;
        var change = toChange(channel, request.User);
        // Clients join whenever they start: a member needs no write for it.
        var outcome = change is JoinChange && view.Role is not null
            ? MemberOutcome.Unchanged
            : (await memberships.ApplyAsync(change with { By = request.User }, request.Ended).ConfigureAwait(false)).Outcome;
        switch (outcome)
        {
            case MemberOutcome.LastOwner:
                request.Error(ErrorCodes.Conflict, "You are the last owner: make another one first.");
                break;
            case MemberOutcome.Banned:
                // Somebody did that after the question above.
                request.Forbidden(operation, channel);
                break;
            case MemberOutcome.NoChannel:
                request.NoChannel(channel);
                break;
            default:
                request.Ok();
                break;
        }
    }
}
