using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>users</c>: what the host shows of users.</summary>
internal sealed class UserRequests(Profiles profiles, UserWatchers watchers, UserUpdates updates) : IRequestFamily
{
    public IEnumerable<RequestType> Types => [new("users", UsersAsync, RequestKind.Read)];

    private async ValueTask UsersAsync(Request request)
    {
        var named = request.Fields.Users(FrameField.Users, ProtocolConstants.MaxUsersPerRequest);
        if (named is null or []) request.Fields.Fail(ErrorCodes.Invalid, FrameField.Users, $"must be a list of 1 to {ProtocolConstants.MaxUsersPerRequest} users");
        if (request.IsFaulty()) return;
        string[] users = [.. named!.Distinct(StringComparer.Ordinal)];
        // Before the directory is asked: a change after that is sent, however the two cross.
        var watcher = watchers.Begin(request.Session, users);
        try
        {
            var found = await profiles.FindAsync(request.Session, users, request.Ended).ConfigureAwait(false);
            using var reply = request.Session.Output.Open();
            ServerReplies.Users(reply.Buffer, request.Id!.Value, found);
        }
        finally
        {
            updates.End(watcher);
        }
    }
}
