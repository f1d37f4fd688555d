using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using OrderDesk;

// The pages lie beside the program, from wherever that is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var orders = builder.Configuration.GetConnectionString("Orders")!;
var tokens = new Tokens(builder.Configuration.GetSection("Jwt"), TimeProvider.System);

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(tokens);
builder.Services.AddSingleton<People>();
builder.Services.AddSingleton(new OrderBook(orders, TimeProvider.System));
builder.Services.AddSingleton<IAuthorizationHandler, OwnOrderHandler>();
builder.Services.AddHostedService<DeliveryTracker>();
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(options => options.LoginPath = "/Login")
    .AddJwtBearer(options => options.TokenValidationParameters = tokens.Validation);
builder.Services.AddAuthorizationBuilder()
    .AddPolicy(Policies.SeeOrder, policy => policy.AddRequirements(new OwnOrderRequirement()))
    .AddPolicy(Policies.HandleOrders, policy => policy.RequireRole(Roles.Staff));
builder.Services.AddRazorPages(options => options.Conventions.AuthorizeFolder("/").AllowAnonymousToPage("/Login"));
builder.Services.AddControllers();
builder.Services.AddSingleton<OrderChat>();
builder.Services.AddRealtimeMessaging()
    .AddWebSockets()
    .UseTokenScheme(JwtBearerDefaults.AuthenticationScheme)
    .UseChannelAuthorizer<OrderChannelAuthorizer>()
    .UseSqliteStore(builder.Configuration.GetConnectionString("Chat")!);

var app = builder.Build();
app.UseStaticFiles();
app.UseAuthentication();
app.UseAuthorization();
app.MapRazorPages();
app.MapControllers();
app.MapRealtimeMessaging("/realtime");

await app.Services.GetRequiredService<OrderBook>().PrepareAsync();
app.Run();
