using Microsoft.AspNetCore.Authorization;

namespace OrderDesk;

/// <summary>What somebody may do.</summary>
public static class Policies
{
    /// <summary>See an order, which is the resource: its customer and the staff.</summary>
    public const string SeeOrder = "SeeOrder";

    /// <summary>Handle orders: the staff.</summary>
    public const string HandleOrders = "HandleOrders";
}

public sealed class OwnOrderRequirement : IAuthorizationRequirement;

internal sealed class OwnOrderHandler : AuthorizationHandler<OwnOrderRequirement, Order>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, OwnOrderRequirement requirement, Order resource)
    {
        if (context.User.IsStaff() || context.User.Id() == resource.Customer) context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
