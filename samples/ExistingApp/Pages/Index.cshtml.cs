using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace OrderDesk.Pages;

public sealed class IndexModel(OrderBook book, People people) : PageModel
{
    public IReadOnlyList<Order> Orders { get; private set; } = [];

    public string NameOf(string person) => people.Find(person)?.Name ?? person;

    public async Task OnGetAsync() => Orders = await book.ListAsync(User.IsStaff() ? null : User.Id());

    public async Task<IActionResult> OnPostAsync(string? item, int quantity)
    {
        if (!Order.IsValid(item, quantity)) return BadRequest();
        var order = await book.PlaceAsync(User.Id(), item!, quantity);
        return RedirectToPage("Order", new { id = order.Id });
    }
}
