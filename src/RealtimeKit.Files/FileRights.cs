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
        var request = view.Ask(signIn.User, operation, time.GetUtcNow()) with { Principal = signIn.Principal };
        var access = await authorizer.AuthorizeAsync(request, cancellationToken).ConfigureAwait(false);
        if (access != Access.Allowed) audit.PermissionRefused(signIn.User, channel, operation, null);
        return access;
    }
}
