using RealtimeKit.Delivery;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Whether a request's user may do something to a channel.</summary>
internal sealed class ChannelAccess(IChannelStore channels, IChannelAuthorizer authorizer, NodeClock clock)
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

        var access = await authorizer.AuthorizeAsync(Ask(request, view, operation), request.Ended).ConfigureAwait(false);
        return request.Admit(access, operation, channel) ? view : null;
    }

    /// <summary>Whether the operation is allowed; if not, answers so.</summary>
    public async ValueTask<bool> AdmitAsync(Request request, AccessRequest asked) => request.Admit(
        await authorizer.AuthorizeAsync(asked, request.Ended).ConfigureAwait(false), asked.Operation, asked.Channel, asked.Target);

    /// <summary>The question whether a request's user may do something.</summary>
    public AccessRequest Ask(Request request, ChannelView view, ChannelOperation operation) =>
        view.Ask(request.User, operation, clock.Timestamp) with { Principal = request.Session.Principal };

    /// <summary>Finds a channel that the user may read now; null where there is none. Answers nothing.</summary>
    public async ValueTask<ChannelView?> FindReadableAsync(Request request, string channel)
    {
        var view = await channels.FindAsync(channel, request.User, request.Ended).ConfigureAwait(false);
        return view is not null
            && await authorizer.AuthorizeAsync(Ask(request, view, ChannelOperation.Read), request.Ended).ConfigureAwait(false) == Access.Allowed ? view : null;
    }
}
