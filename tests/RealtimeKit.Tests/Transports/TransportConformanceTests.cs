using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Testing;
using RealtimeKit.WebSockets;

namespace RealtimeKit.Tests.Transports;

[ConformanceOf(typeof(WebSocketConnection))]
public sealed class WebSocketTransportConformance : TransportConformance
{
    protected override async ValueTask<ITransportPeer> ConnectAsync(IConnectionHandler handler, CancellationToken cancellationToken)
    {
        var host = await WebHost.StartAsync(builder =>
        {
            builder.UseInMemoryStore();
            builder.Services.AddSingleton(handler);
        });
        return new Peer(host, await host.ConnectAsync(cancellationToken));
    }

    private sealed class Peer(WebHost host, ClientWebSocket socket) : ITransportPeer
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
