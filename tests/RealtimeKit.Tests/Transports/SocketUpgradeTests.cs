using System.Net.WebSockets;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>Which connections are written straight to their socket.</summary>
public sealed class SocketUpgradeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Http_1_without_Tls_is() => (await IsUsedAsync()).Should().BeTrue();

    [Fact]
    public async Task It_is_too_where_the_host_uses_WebSockets_of_its_own() =>
        (await IsUsedAsync(configure: static app => app.UseWebSockets())).Should().BeTrue();

    [Fact]
    public async Task The_option_turns_it_off() => (await IsUsedAsync(options => options.WriteToSocket = false)).Should().BeFalse();

    [Fact]
    public async Task Tls_is_not() => (await IsUsedAsync(server: Sockets.UseTls, open: Sockets.OpenTlsAsync)).Should().BeFalse();

    [Fact]
    public async Task Http_2_is_not() => (await IsUsedAsync(server: Sockets.UseHttp2, open: Sockets.OpenHttp2Async)).Should().BeFalse();

    [Fact]
    public async Task A_connection_that_something_else_reads_and_writes_is_not() => (await IsUsedAsync(server: static server =>
        server.ConfigureKestrel(options => options.ConfigureEndpointDefaults(static endpoint => endpoint.UseConnectionLogging())))).Should().BeFalse();

    private static async Task<bool> IsUsedAsync(
        Action<WebSocketTransportOptions>? options = null, Action<IWebHostBuilder>? server = null,
        Func<WebHost, CancellationToken, Task<WebSocket>>? open = null, Action<WebApplication>? configure = null)
    {
        var isUsed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await WebHost.StartAsync(
            builder => builder.UseInMemoryStore().Services.Configure(options ?? (static _ => { })),
            server: server,
            configure: app =>
            {
                app.Use(async (context, next) =>
                {
                    await next(context);
                    isUsed.SetResult(context.Features.Get<IHttpUpgradeFeature>() is SocketUpgrade);
                });
                configure?.Invoke(app);
            });
        using var socket = await (open ?? Sockets.OpenAsync)(host, Cancel);
        await socket.SendAsync("""{"type":"ping","id":1}"""u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[1_024];
        (await socket.ReceiveAsync(buffer.AsMemory(), Cancel)).Count.Should().BePositive();
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        while ((await socket.ReceiveAsync(buffer.AsMemory(), Cancel)).MessageType != WebSocketMessageType.Close)
        {
            // What came before the close.
        }

        return await isUsed.Task.WaitAsync(Cancel);
    }
}
