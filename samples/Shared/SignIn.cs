using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using RealtimeKit.Protocol;

namespace RealtimeKit.Samples;

/// <summary>The samples' sign-in by cookie. The demo believes whoever says a name; an application has its own here.</summary>
internal static class SignIn
{
    public static void AddSignIn(this IServiceCollection services) =>
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();

    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        app.MapPost("/login", async (HttpContext context, [FromForm] string? name) =>
        {
            if (!UserNames.IsValid(name) || name == "system")
                return Results.BadRequest("A name is 1 to 128 printable ASCII characters, neither the first nor the last a space (and not 'system').");
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name!)], CookieAuthenticationDefaults.AuthenticationScheme);
            await context.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true });
            return Results.NoContent();
        }).DisableAntiforgery();
        app.MapPost("/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            return Results.NoContent();
        });
    }
}
