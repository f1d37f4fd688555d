using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace OrderDesk.Pages;

public sealed class LoginModel(People people) : PageModel
{
    public string Name { get; private set; } = "";

    public bool Failed { get; private set; }

    public async Task<IActionResult> OnPostAsync(string? user, string? password, string? returnUrl)
    {
        if (people.FindByPassword(user ?? "", password ?? "") is not { } person)
        {
            (Name, Failed) = (user ?? "", true);
            return Page();
        }

        await HttpContext.SignInAsync(People.Principal(person, CookieAuthenticationDefaults.AuthenticationScheme));
        return LocalRedirect(Url.IsLocalUrl(returnUrl) ? returnUrl : "/");
    }

    public async Task<IActionResult> OnPostOutAsync()
    {
        await HttpContext.SignOutAsync();
        return RedirectToPage();
    }
}
