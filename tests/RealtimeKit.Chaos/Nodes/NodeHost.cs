using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;

namespace RealtimeKit.Chaos.Nodes;

/// <summary>The application of the samples as a node of the checker's own, in which a fault can be planted.</summary>
internal static class NodeHost
{
    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        var chat = builder.Configuration.GetConnectionString("Chat") ?? "Data Source=chat.db";
        var messaging = builder.Services.AddRealtimeMessaging(options => options.UsersMayCreateChannels = true).AddWebSockets();
        messaging.UseSqliteStore(chat);

        await using var app = builder.Build();
        app.UseAuthentication();
        app.MapRealtimeMessaging("/realtime");
        app.MapPost("/login", async (HttpContext context, [FromForm] string name) =>
        {
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], CookieAuthenticationDefaults.AuthenticationScheme);
            await context.SignInAsync(new ClaimsPrincipal(identity));
            return Results.NoContent();
        }).DisableAntiforgery();
        await app.RunAsync();
    }
}
