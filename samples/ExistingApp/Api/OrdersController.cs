using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace OrderDesk;

/// <summary>Orders for the programs of customers and for the packing stations.</summary>
[ApiController]
[Route("api/orders")]
[Authorize(AuthenticationSchemes = JwtBearerDefaults.AuthenticationScheme)]
public sealed class OrdersController(OrderBook orders, OrderChat chat, IAuthorizationService authorization) : ControllerBase
{
    public sealed record Placement(string Item, int Quantity);

    public sealed record Move(string Status);

    [HttpGet]
    public Task<List<Order>> List() => orders.ListAsync(User.IsStaff() ? null : User.Id());

    [HttpGet("{id:long}")]
    public async Task<ActionResult<Order>> Find(long id) =>
        await orders.FindAsync(id) is { } order && (await authorization.AuthorizeAsync(User, order, Policies.SeeOrder)).Succeeded
            ? order
            : NotFound();

    [HttpPost]
    public async Task<ActionResult<Order>> Place(Placement placement)
    {
        if (!Order.IsValid(placement.Item, placement.Quantity)) return BadRequest();
        var order = await orders.PlaceAsync(User.Id(), placement.Item, placement.Quantity);
        await chat.OpenAsync(order.Id);
        return order;
    }

    [HttpPost("{id:long}/status")]
    [Authorize(Policy = Policies.HandleOrders, AuthenticationSchemes = JwtBearerDefaults.AuthenticationScheme)]
    public async Task<IActionResult> MoveAsync(long id, Move move)
    {
        if (await orders.FindAsync(id) is not { } order) return NotFound();
        if (!await orders.MoveAsync(order, move.Status)) return Conflict();
        await chat.TellStepAsync(id, move.Status, User.Id());
        return NoContent();
    }
}
