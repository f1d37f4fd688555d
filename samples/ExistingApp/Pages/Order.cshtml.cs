using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace OrderDesk.Pages;

public sealed class OrderModel(OrderBook book, People people, IAuthorizationService authorization) : PageModel
{
    public Order Order { get; private set; } = null!;

    public string NameOf(string person) => people.Find(person)?.Name ?? person;

    public async Task<IActionResult> OnGetAsync(long id)
    {
        if (await book.FindAsync(id) is not { } order) return NotFound();
        if (!(await authorization.AuthorizeAsync(User, order, Policies.SeeOrder)).Succeeded) return NotFound();
        Order = order;
        return Page();
    }
}
