using RealtimeKit;
using RealtimeKit.Client;

namespace Snippets;

/// <summary>A test of your chat in one process: a real host on a free port, the store in memory, a real client.</summary>
public static class ChatTest
{
    public static async Task<string?> AnnReadsWhatTheServerSays()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRealtimeMessaging().AddWebSockets().UseInMemoryStore().UseAuthenticator<TokenIsTheName>();
        await using var app = builder.Build();
        app.MapRealtimeMessaging("/realtime");
        await app.StartAsync();
        var messaging = app.Services.GetRequiredService<IRealtimeMessaging>();
        await messaging.Channels.EnsureAsync("lobby");

        await using var ann = new RealtimeClient(new Uri($"{app.Urls.Single()}/realtime"), new() { TokenProvider = _ => ValueTask.FromResult<string?>("ann") });
        await ann.ConnectAsync();
        await ann.Channel("lobby").SubscribeAsync();
        await messaging.Messages.SendAsync("lobby", "Hello");
        return await ann.Channel("lobby").ReadAsync().OfType<MessagePosted>().Select(posted => posted.Message.Content.Text).FirstAsync();
    }
}

/// <summary>Signs in whoever says a name: for tests alone.</summary>
public sealed class TokenIsTheName : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
        ValueTask.FromResult(credentials.Token is { } name ? new SignIn(name) : null);
}
