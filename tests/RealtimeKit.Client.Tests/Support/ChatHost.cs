using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;

namespace RealtimeKit.Client.Tests;

/// <summary>The real server in this process, on a real socket or on those of a test server; its store outlives it, so that it can be started again.</summary>
internal sealed class ChatHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly string _files = Directory.CreateTempSubdirectory("realtimekit-client-").FullName;

    private ChatHost(InMemoryStore store, int port, Action<RealtimeOptions>? configure, InMemoryBrokerNetwork? network, bool testServer, IUserDirectory? directory)
    {
        Store = store;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (testServer) builder.WebHost.UseTestServer();
        else builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var messaging = builder.Services.AddRealtimeMessaging(options =>
        {
            options.UsersMayCreateChannels = true;
            options.RateLimits = RateLimits.None;
            options.DrainPeriod = TimeSpan.FromMilliseconds(500);
            configure?.Invoke(options);
        }).AddWebSockets().UseInMemoryStore(store).UseAuthenticator<NameAuthenticator>().AddFiles(_files);
        if (network is not null) messaging.UseInMemoryBroker(network);
        if (directory is not null) messaging.UseUserDirectory(_ => directory);
        _app = builder.Build();
        _app.MapRealtimeMessaging("/realtime");
    }

    public InMemoryStore Store { get; }

    public int Port => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    public Uri Endpoint => new($"ws://127.0.0.1:{Port}/realtime");

    public IServiceProvider Services => _app.Services;

    public TestServer TestServer => _app.GetTestServer();

    public IRealtimeMessaging Messaging => _app.Services.GetRequiredService<IRealtimeMessaging>();

    public static async Task<ChatHost> StartAsync(InMemoryStore? store = null, int port = 0, Action<RealtimeOptions>? configure = null, InMemoryBrokerNetwork? network = null, bool testServer = false, IUserDirectory? directory = null)
    {
        var host = new ChatHost(store ?? new InMemoryStore(), port, configure, network, testServer, directory);
        await host._app.StartAsync();
        await host.Messaging.Channels.EnsureAsync("lobby");
        return host;
    }

    public RealtimeClient Client(string user, TcpProxy? proxy = null, Action<RealtimeClientOptions>? configure = null) =>
        Clients.Make(proxy?.Endpoint ?? Endpoint, options =>
        {
            options.TokenProvider = _ => ValueTask.FromResult<string?>(user);
            configure?.Invoke(options);
        });

    /// <summary>The whole history of a channel as the store has it.</summary>
    public async Task<IReadOnlyList<Protocol.Message>> HistoryAsync(string channel = "lobby") =>
        (await Store.ReadHistoryAsync(new HistoryQuery(channel, new PageLimit(1_000_000, int.MaxValue)), TestContext.Current.CancellationToken))!.Messages;

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    /// <summary>Believes a token that is a user's name, or a name and the seconds that the sign-in lives: <c>ada/2</c>.</summary>
    private sealed class NameAuthenticator(TimeProvider time) : IAuthenticator
    {
        public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
        {
            if (credentials.Token is not { } token || token.StartsWith("bad", StringComparison.Ordinal)) return ValueTask.FromResult<SignIn?>(null);
            var parts = token.Split('/');
            DateTimeOffset? expires = parts.Length == 1 ? null : time.GetUtcNow().AddSeconds(int.Parse(parts[1], CultureInfo.InvariantCulture));
            return ValueTask.FromResult<SignIn?>(new SignIn(parts[0], expires));
        }
    }
}
