using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RealtimeKit.Client;

namespace RealtimeKit.Docs.Samples;

/// <summary>A host on a free port with whatever a snippet adds to it, and clients whose token is their user's name.</summary>
internal sealed class SnippetHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<RealtimeClient> _clients = [];

    private SnippetHost(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    public IRealtimeMessaging Messaging => Services.GetRequiredService<IRealtimeMessaging>();

    public Uri Address => new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <param name="configure">Adds the messaging, and whatever it needs.</param>
    /// <param name="map">Maps the snippet's endpoints.</param>
    public static async Task<SnippetHost> StartAsync(Func<IServiceCollection, RealtimeMessagingBuilder> configure, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure(builder.Services).UseInMemoryStore();
        var app = builder.Build();
        // Whoever names a user in a header is signed in.
        app.Use((context, next) =>
        {
            if (context.Request.Headers["User"].FirstOrDefault() is { } user)
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "header"));
            return next();
        });
        app.UseRouting();
        if (app.Services.GetService<Microsoft.AspNetCore.Authorization.IAuthorizationService>() is not null) app.UseAuthorization();
        app.MapRealtimeMessaging("/realtime");
        map?.Invoke(app);
        var host = new SnippetHost(app);
        await app.StartAsync();
        await host.Messaging.Channels.EnsureAsync("lobby");
        return host;
    }

    /// <summary>A client that signs in by a token; the user's name unless the test has a better one.</summary>
    public RealtimeClient NewClient(string token)
    {
        var client = new RealtimeClient(new Uri(Address, "/realtime"), new RealtimeClientOptions { TokenProvider = _ => ValueTask.FromResult<string?>(token) });
        _clients.Add(client);
        return client;
    }

    public async Task<RealtimeClient> ConnectAsync(string token)
    {
        var client = NewClient(token);
        await client.ConnectAsync();
        return client;
    }

    /// <summary>An HTTP client of a user who is signed in, or of nobody.</summary>
    public HttpClient NewHttpClient(string? user = null)
    {
        var http = new HttpClient { BaseAddress = Address };
        if (user is not null) http.DefaultRequestHeaders.Add("User", user);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        await _app.DisposeAsync();
    }
}
