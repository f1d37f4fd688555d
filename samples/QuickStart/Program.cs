using RealtimeKit.Samples;

// The page lies beside the program, from wherever that is started.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddSignIn();
builder.Services.AddRealtimeMessaging(options =>
    {
        options.UsersMayCreateChannels = true;
        builder.Configuration.Bind("Realtime", options);
    })
    .AddWebSockets()
    .UseSqliteStore(builder.Configuration.GetConnectionString("Chat") ?? "Data Source=chat.db")
    .AddFiles(builder.Configuration["Files"] ?? "files", options => builder.Configuration.Bind("FileOptions", options))
    .UseUserDirectory<People>();

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseAuthentication();
app.MapRealtimeMessaging("/realtime");
app.MapSignIn();
app.MapProfile();

await app.Services.EnsureChannelsAsync();
app.Run();
