using System.Net.WebSockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Testing;
using RealtimeKit.Transports;
using RealtimeKit.WebSockets;

namespace RealtimeKit.Tests.Transports;

/// <summary>Kestrel without TLS: frames are written to the socket.</summary>
[ConformanceOf(typeof(WebSocketConnection))]
public class WebSocketTransportConformance : TransportConformance
{
    private protected virtual bool WriteToSocket => true;

    private protected virtual void Configure(IWebHostBuilder server)
    {
    }

    private protected virtual Task<WebSocket> OpenAsync(WebHost host, CancellationToken cancellationToken) => Sockets.OpenAsync(host, cancellationToken);

    protected override async ValueTask<ITransportPeer> ConnectAsync(IConnectionHandler handler, CancellationToken cancellationToken)
    {
        var host = await WebHost.StartAsync(
            builder =>
            {
                builder.UseInMemoryStore();
                builder.Services.AddSingleton(handler);
                builder.Services.Configure<WebSocketTransportOptions>(options => options.WriteToSocket = WriteToSocket);
            },
            server: Configure);
        return new Peer(host, await OpenAsync(host, cancellationToken));
    }

    private sealed class Peer(WebHost host, WebSocket socket) : ITransportPeer
    {
        public CloseCode? CloseCode => (CloseCode?)socket.CloseStatus;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            socket.SendAsync(message, WebSocketMessageType.Text, true, cancellationToken);

        public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
        {
            var buffer = new byte[ProtocolConstants.MaxMessageBytes];
            var length = 0;
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
                    return null;
                }

                length += received.Count;
                if (received.EndOfMessage) return buffer[..length];
            }
        }

        public async ValueTask CloseAsync(CancellationToken cancellationToken) =>
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);

        public void Abort() => socket.Abort();

        public async ValueTask DisposeAsync()
        {
            socket.Dispose();
            await host.DisposeAsync();
        }
    }
}

/// <summary>The same with the option off: frames go through the web server.</summary>
public sealed class PipeTransportConformance : WebSocketTransportConformance
{
    private protected override bool WriteToSocket => false;
}

/// <summary>TLS, where nothing may reach the socket but what was encrypted.</summary>
public sealed class TlsTransportConformance : WebSocketTransportConformance
{
    private protected override void Configure(IWebHostBuilder server) => Sockets.UseTls(server);

    private protected override Task<WebSocket> OpenAsync(WebHost host, CancellationToken cancellationToken) => Sockets.OpenTlsAsync(host, cancellationToken);
}

/// <summary>HTTP/2, where a connection carries many streams.</summary>
public sealed class Http2TransportConformance : WebSocketTransportConformance
{
    private protected override void Configure(IWebHostBuilder server) => Sockets.UseHttp2(server);

    private protected override Task<WebSocket> OpenAsync(WebHost host, CancellationToken cancellationToken) => Sockets.OpenHttp2Async(host, cancellationToken);
}

[ConformanceOf(typeof(InProcessConnection))]
public sealed class InProcessTransportConformance : TransportConformance
{
    protected override ValueTask<ITransportPeer> ConnectAsync(IConnectionHandler handler, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ITransportPeer>(new Peer(new InProcessTransport(handler).Connect("ann")));

    private sealed class Peer(InProcessClient client) : ITransportPeer
    {
        public CloseCode? CloseCode => client.CloseCode;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => client.SendAsync(message, cancellationToken);

        public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken) =>
            (await client.ReceiveAsync(cancellationToken))?.ToArray();

        public ValueTask CloseAsync(CancellationToken cancellationToken)
        {
            client.Close();
            return ValueTask.CompletedTask;
        }

        public void Abort() => client.Close();

        public ValueTask DisposeAsync()
        {
            client.Close();
            return ValueTask.CompletedTask;
        }
    }
}
