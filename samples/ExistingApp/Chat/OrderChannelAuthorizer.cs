using Microsoft.AspNetCore.Authorization;
using RealtimeKit;

namespace OrderDesk;

/// <summary>Who may see an order may talk about it, by the application's own policies and as they are at this moment.</summary>
internal sealed class OrderChannelAuthorizer(People people, OrderBook orders, IAuthorizationService authorization) : IChannelAuthorizer
{
    public async ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken)
    {
        if (OrderChat.OrderOf(request.Channel) is not { } id || await orders.FindAsync(id) is not { } order) return Access.Hidden;
        if (people.Find(request.User) is not { } person) return Access.Hidden;
        var user = People.Principal(person);
        if (!(await authorization.AuthorizeAsync(user, order, Policies.SeeOrder)).Succeeded) return Access.Hidden;
        var handles = (await authorization.AuthorizeAsync(user, Policies.HandleOrders)).Succeeded;
        var own = request.Sender == request.User;
        var mayWrite = !request.IsMuted && (handles || !request.IsClosed);
        return request.Operation switch
        {
            ChannelOperation.Read or ChannelOperation.Report => Access.Allowed,
            ChannelOperation.Publish or ChannelOperation.React or ChannelOperation.Signal when mayWrite => Access.Allowed,
            ChannelOperation.Edit when own && mayWrite => Access.Allowed,
            ChannelOperation.Delete when own || handles => Access.Allowed,
            // The staff moderate customers, and not one another.
            ChannelOperation.Mute or ChannelOperation.Unmute when handles && people.Find(request.Target!)?.Role == Roles.Customer => Access.Allowed,
            ChannelOperation.Moderate or ChannelOperation.Resolve or ChannelOperation.Update or ChannelOperation.Close when handles => Access.Allowed,
            // Channels come and go with the orders.
            _ => Access.Forbidden,
        };
    }
}
