using RealtimeKit;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddRealtimeMessaging()
    .AddWebSockets()
    .UseSqliteStore(builder.Configuration.GetConnectionString("Chat") ?? "Data Source=chat.db")
    .AddFiles(builder.Configuration["Files"] ?? "files")
    .UseAuthenticator<NameAuthenticator>();

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.MapRealtimeMessaging("/realtime");
await app.Services.GetRequiredService<IRealtimeMessaging>().Channels.EnsureAsync("lobby");
app.Run();

/// <summary>Believes a token that is a user's name, as no real application may.</summary>
internal sealed class NameAuthenticator : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
        ValueTask.FromResult(credentials.Token is { } name ? new SignIn(name) : null);
}
