using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>A server on a real socket that does what the test says, frame by frame: also what no right server does.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ScriptedConnection> _connections = Channel.CreateUnbounded<ScriptedConnection>();

    private ScriptedServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.UseShutdownTimeout(TimeSpan.FromMilliseconds(100));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/realtime", AcceptAsync);
    }

    public Uri Endpoint => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/realtime");

    /// <summary>What the upgrade is refused with, if not zero.</summary>
    public int RefuseWith { get; set; }

    public static async Task<ScriptedServer> StartAsync()
    {
        var server = new ScriptedServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The next connection, before its sign-in.</summary>
    public Task<ScriptedConnection> AcceptAsync() => _connections.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().InTime();

    /// <summary>The next connection, signed in.</summary>
    public async Task<ScriptedConnection> AcceptSignedInAsync(string more = "")
    {
        var connection = await AcceptAsync();
        var connect = await connection.ReadAsync("connect");
        await connection.SendAsync(Connected(connect.Id, more));
        return connection;
    }

    public static string Connected(long id, string more = "", int heartbeat = 25_000) =>
        $$$"""{"type":"connected","id":{{{id}}},"connection":"c","user":"ada","node":"n","time":"2026-01-01T00:00:00.000Z","heartbeat":{{{heartbeat}}}{{{more}}},"limits":{"messageBytes":65536,"textLength":8000,"channels":100,"historyPage":200}}""";

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AcceptAsync(HttpContext context)
    {
        if (RefuseWith != 0)
        {
            context.Response.StatusCode = RefuseWith;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(ProtocolConstants.Subprotocol);
        var connection = new ScriptedConnection(socket);
        _connections.Writer.TryWrite(connection);
        await connection.RunAsync();
    }
}
