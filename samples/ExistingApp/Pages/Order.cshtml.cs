using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace OrderDesk.Pages;

public sealed class OrderModel(OrderBook book, OrderChat chat, People people, IAuthorizationService authorization) : PageModel
{
    public Order Order { get; private set; } = null!;

    /// <summary>Who may speak in the order's channel, and what they are called.</summary>
    public Dictionary<string, string> Names => people.All
        .Where(person => person.Role == Roles.Staff || person.Id == Order.Customer)
        .ToDictionary(person => person.Id, person => person.Name);

    public string NameOf(string person) => people.Find(person)?.Name ?? person;

    public async Task<IActionResult> OnGetAsync(long id)
    {
        if (await book.FindAsync(id) is not { } order) return NotFound();
        if (!(await authorization.AuthorizeAsync(User, order, Policies.SeeOrder)).Succeeded) return NotFound();
        Order = order;
        await chat.OpenAsync(id);
        return Page();
    }
}
