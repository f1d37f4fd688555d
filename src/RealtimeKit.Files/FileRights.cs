using RealtimeKit.Stores;
using RealtimeKit.Transports;

namespace RealtimeKit.Files;

/// <summary>What a user may do now in the channel of a file.</summary>
internal sealed class FileRights(IChannelStore channels, IChannelAuthorizer authorizer, IRequestAudit audit, TimeProvider time)
{
    /// <summary>Decides; a channel that does not exist is hidden.</summary>
    public async ValueTask<Access> FindAsync(SignIn signIn, string channel, ChannelOperation operation, CancellationToken cancellationToken)
    {
        var view = await channels.FindAsync(channel, signIn.User, cancellationToken).ConfigureAwait(false);
        if (view is null) return Access.Hidden;
        var now = time.GetUtcNow();
        var request = new AccessRequest(signIn.User, operation, channel, view.Kind, view.Role)
        {
            Principal = signIn.Principal,
            IsBanned = view.Ban?.HoldsAt(now) == true,
            IsMuted = view.Mute?.HoldsAt(now) == true,
            IsClosed = view.Settings.Closed,
        };
        var access = await authorizer.AuthorizeAsync(request, cancellationToken).ConfigureAwait(false);
        if (access != Access.Allowed) audit.PermissionRefused(signIn.User, channel, operation, null);
        return access;
    }
}
