using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Handles the requests by which a user blocks other users.</summary>
internal sealed class BlockRequests(IChannelStore channels, UserBlocks blocks) : IRequestFamily
{
    public string? Feature => "moderation";

    public IEnumerable<RequestType> Types =>
    [
        new("block", request => ChangeAsync(request, remove: false), RequestKind.Change),
        new("unblock", request => ChangeAsync(request, remove: true), RequestKind.Change),
        new("blocked", BlockedAsync, RequestKind.Read),
    ];

    private async ValueTask ChangeAsync(Request request, bool remove)
    {
        var other = request.Fields.User(FrameField.User);
        if (other == request.User) request.Fields.Fail(ErrorCodes.Invalid, FrameField.User, "must be somebody else");
        if (request.IsFaulty()) return;
        var result = await blocks.ApplyAsync(new BlockChange(request.User, other, remove), request.Ended).ConfigureAwait(false);
        if (result.Outcome == BlockOutcome.TooMany)
            request.Error(ErrorCodes.TooMany, $"A user may block at most {ProtocolConstants.MaxBlockedUsers} others.");
        else request.Ok();
    }

    private async ValueTask BlockedAsync(Request request)
    {
        var users = await channels.ListBlockedAsync(request.User, request.Ended).ConfigureAwait(false);
        using var reply = request.Session.Output.Open();
        ServerReplies.Blocked(reply.Buffer, request.Id!.Value, users);
    }
}
