using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Tests.Transports;

/// <summary>A web server on a free loopback port with the real-time endpoint.</summary>
internal sealed class WebHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebHost(WebApplication app) => _app = app;

    public IRealtimeMessaging Messaging => _app.Services.GetRequiredService<IRealtimeMessaging>();

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public Uri Endpoint => new UriBuilder(Address) { Scheme = Address.Scheme == "https" ? "wss" : "ws", Path = "/realtime" }.Uri;

    /// <summary>Starts one.</summary>
    /// <param name="build">What it runs on.</param>
    /// <param name="convention">What the host demands of the endpoint.</param>
    /// <param name="server">What differs from a Kestrel that listens for HTTP/1.1.</param>
    /// <param name="configure">What stands before the endpoint.</param>
    public static async Task<WebHost> StartAsync(
        Action<RealtimeMessagingBuilder> build, Action<IEndpointConventionBuilder>? convention = null, Action<IWebHostBuilder>? server = null,
        Action<WebApplication>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server?.Invoke(builder.WebHost);
        build(builder.Services.AddRealtimeMessaging(options => options.DrainPeriod = TimeSpan.Zero).AddWebSockets());
        var app = builder.Build();
        configure?.Invoke(app);
        var endpoint = app.MapRealtimeMessaging("/realtime");
        convention?.Invoke(endpoint);
        await app.StartAsync();
        return new WebHost(app);
    }

    public async Task<ClientWebSocket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
        await socket.ConnectAsync(Endpoint, cancellationToken);
        return socket;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
