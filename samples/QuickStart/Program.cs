using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using RealtimeKit;
using RealtimeKit.Protocol;

// The page lies beside the program, from wherever that is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
builder.Services.AddRealtimeMessaging(options => options.UsersMayCreateChannels = true)
    .AddWebSockets()
    .UseSqliteStore(builder.Configuration.GetConnectionString("Chat") ?? "Data Source=chat.db");

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseAuthentication();
app.MapRealtimeMessaging("/realtime");

// The demo believes whoever says a name; an application has its own sign-in here.
app.MapPost("/login", async (HttpContext context, [FromForm] string? name) =>
{
    if (!Identifiers.IsValid(name) || name == "system")
        return Results.BadRequest("A name is 1 to 128 ASCII letters, digits or any of - _ . : @ (and not 'system').");
    var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name!)], CookieAuthenticationDefaults.AuthenticationScheme);
    await context.SignInAsync(new ClaimsPrincipal(identity), new AuthenticationProperties { IsPersistent = true });
    return Results.NoContent();
}).DisableAntiforgery();
app.MapPost("/logout", async (HttpContext context) =>
{
    await context.SignOutAsync();
    return Results.NoContent();
});

var messaging = app.Services.GetRequiredService<IRealtimeMessaging>();
foreach (var channel in new[] { "lobby", "random", "help" }) await messaging.EnsureChannelAsync(channel);

app.Run();
