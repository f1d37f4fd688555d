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
        var own = request.Sender == request.User;
        return request.Operation switch
        {
            ChannelOperation.Read or ChannelOperation.Publish or ChannelOperation.React or ChannelOperation.Signal => Access.Allowed,
            ChannelOperation.Edit when own => Access.Allowed,
            ChannelOperation.Delete when own || (await authorization.AuthorizeAsync(user, Policies.HandleOrders)).Succeeded => Access.Allowed,
            // Channels come and go with the orders.
            _ => Access.Forbidden,
        };
    }
}
