using System.Buffers;
using System.Net.WebSockets;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>A connection over a WebSocket that is open, such as that of a test server.</summary>
/// <param name="socket">The socket, opened with the subprotocol <see cref="ProtocolConstants.Subprotocol"/>. It is disposed of with the connection.</param>
public sealed class WebSocketClientConnection(WebSocket socket) : IClientConnection
{
    private const int Chunk = 4_096;

    /// <inheritdoc/>
    public CloseCode? CloseCode => (CloseCode?)socket.CloseStatus;

    /// <inheritdoc/>
    public string? CloseReason => socket.CloseStatusDescription;

    /// <inheritdoc/>
    public async ValueTask<bool> ReceiveAsync(IBufferWriter<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.GetMemory(Chunk), cancellationToken).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close) return false;
            buffer.Advance(received.Count);
            if (received.EndOfMessage) return true;
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        socket.Abort();
        socket.Dispose();
    }
}
