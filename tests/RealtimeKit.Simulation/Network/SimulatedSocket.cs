using System.Net.WebSockets;

namespace RealtimeKit.Simulation.Network;

/// <summary>The client's end of a simulated connection, as clients know it.</summary>
internal sealed class SimulatedSocket(SimulatedConnection.End end) : WebSocket
{
    private WebSocketState _state = WebSocketState.Open;
    private WebSocketCloseStatus? _closeStatus;
    private string? _closeDescription;
    private ReadOnlyMemory<byte> _rest;

    public override WebSocketCloseStatus? CloseStatus => _closeStatus;

    public override string? CloseStatusDescription => _closeDescription;

    public override WebSocketState State => end.IsLost && _state != WebSocketState.Closed ? WebSocketState.Aborted : _state;

    public override string? SubProtocol => "realtimekit.v1.json";

    public override void Abort() => end.Abort();

    public override void Dispose() => end.Abort();

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Clients close their output.");

    public override async Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        _state = _state == WebSocketState.CloseReceived ? WebSocketState.Closed : WebSocketState.CloseSent;
        await WithAsync(end.SendAsync(new Parcel([], ((int)closeStatus, statusDescription ?? ""))), cancellationToken);
    }

    public override async Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        await SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken);

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await WithAsync(end.SendAsync(new Parcel(buffer.ToArray())), cancellationToken);
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return new WebSocketReceiveResult(read.Count, read.MessageType, read.EndOfMessage);
    }

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_rest.IsEmpty)
        {
            var receiving = end.ReceiveAsync();
            await WithAsync(receiving, cancellationToken);
            var parcel = await receiving ?? throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            if (parcel.Close is { } close)
            {
                (_closeStatus, _closeDescription) = ((WebSocketCloseStatus)close.Code, close.Reason);
                _state = _state == WebSocketState.CloseSent ? WebSocketState.Closed : WebSocketState.CloseReceived;
                return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, true);
            }

            _rest = parcel.Bytes;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return new ValueWebSocketReceiveResult(count, WebSocketMessageType.Text, _rest.IsEmpty);
    }

    // As a WebSocket does: a call that is cancelled takes the connection with it.
    private async Task WithAsync(Task call, CancellationToken cancellationToken)
    {
        try
        {
            await call.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            end.Abort();
            throw;
        }
        catch (IOException e)
        {
            throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely, e);
        }
    }
}
