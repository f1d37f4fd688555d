using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Whether a request's user may do something to a channel.</summary>
internal sealed class ChannelAccess(IChannelStore channels, IChannelAuthorizer authorizer)
{
    /// <summary>Finds a channel that the user may know of and in which the operation is allowed, or answers why not.</summary>
    public async ValueTask<ChannelView?> FindAsync(Request request, string channel, ChannelOperation operation)
    {
        var view = await channels.FindAsync(channel, request.User, request.Ended).ConfigureAwait(false);
        if (view is null)
        {
            request.NoChannel(channel);
            return null;
        }

        var access = await authorizer.AuthorizeAsync(
            new AccessRequest(request.User, operation, channel, view.Kind, view.Role), request.Ended).ConfigureAwait(false);
        return request.Admit(access, operation, channel) ? view : null;
    }

    /// <summary>Whether the user may read the channel now. Answers nothing.</summary>
    public async ValueTask<bool> MayReadAsync(Request request, string channel)
    {
        var view = await channels.FindAsync(channel, request.User, request.Ended).ConfigureAwait(false);
        return view is not null && await authorizer.AuthorizeAsync(
            new AccessRequest(request.User, ChannelOperation.Read, channel, view.Kind, view.Role), request.Ended).ConfigureAwait(false) == Access.Allowed;
    }
}
