using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;

namespace RealtimeKit.Hosting;

/// <summary>Users and their connections, for the application's own code.</summary>
internal sealed class RealtimeUsers(Lazy<RealtimeUsers.Parts> parts) : IRealtimeUsers
{
    /// <summary><see cref="Calls"/> is null where there is no broker.</summary>
    internal sealed record Parts(UserSessions Sessions, NodeCalls? Calls, UserUpdates Updates);

    public async Task<int> GetConnectionCountAsync(string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return parts.Value.Sessions.Of(user).Count + await AskOthersAsync(NodeCall.CountConnections, user, "", cancellationToken).ConfigureAwait(false);
    }

    public async Task<int> DisconnectAsync(string user, string reason, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        ArgumentNullException.ThrowIfNull(reason);
        return parts.Value.Sessions.Disconnect(user, reason)
            + await AskOthersAsync(NodeCall.Disconnect, user, reason, cancellationToken).ConfigureAwait(false);
    }

    public void Changed(params IReadOnlyCollection<string> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        foreach (var user in users) UserNames.Require(user, nameof(users));
        parts.Value.Updates.Changed(users);
    }

    private Task<int> AskOthersAsync(NodeCall what, string user, string reason, CancellationToken cancellationToken) =>
        parts.Value.Calls?.AskAllAsync(what, user, reason, cancellationToken) ?? Task.FromResult(0);
}
