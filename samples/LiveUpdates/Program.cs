using RealtimeKit;
using RealtimeKit.Samples;

// The page lies beside the program, from wherever that is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddSignIn();
builder.Services.AddRealtimeMessaging()
    .AddWebSockets()
    .UseChannelAuthorizer<WatchOnly>()
    .UseSqliteStore(builder.Configuration.GetConnectionString("Live")!);
builder.Services.AddHostedService<Shop>();
builder.Services.AddSingleton<CrowdFigures>();
builder.Services.AddHostedService<WatcherCrowd>();

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseAuthentication();
app.MapRealtimeMessaging("/realtime");
app.MapSignIn();
app.MapGet("/crowd", (CrowdFigures figures) => figures.Read());

await Shop.OpenAsync(app.Services.GetRequiredService<IRealtimeMessaging>());
app.Run();
