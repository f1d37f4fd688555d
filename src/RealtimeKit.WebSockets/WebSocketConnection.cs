using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.WebSockets;

/// <summary>A WebSocket as a transport connection.</summary>
internal sealed class WebSocketConnection(
    WebSocket socket, ClaimsPrincipal? principal, DateTimeOffset? expires, string? token, IPAddress? address, Action abort) : ITransportConnection
{
    // In bytes: RFC 6455, section 5.5, allows 125 for a control frame, of which the code takes two.
    private const int LongestReason = 123;

    private const int SmallestRead = 1_024;

    private readonly Lock _gate = new();
    private bool _ended;

    public ClaimsPrincipal? Principal => principal;

    public DateTimeOffset? PrincipalExpires => expires;

    public string? Token => token;

    public IPAddress? RemoteAddress => address;

    public async ValueTask<ReceiveResult> ReceiveAsync(IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken)
    {
        try
        {
            // A zero-byte read waits without holding memory.
            var received = await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            var total = 0;
            while (received.MessageType != WebSocketMessageType.Close)
            {
                if (received.MessageType == WebSocketMessageType.Binary) return ReceiveResult.Binary;
                if (received.EndOfMessage) return ReceiveResult.Message;
                if (total == limit)
                {
                    // Only the end of the message may still come; one more byte is too much.
                    received = await socket.ReceiveAsync(new byte[1].AsMemory(), cancellationToken).ConfigureAwait(false);
                    if (received.Count > 0) return ReceiveResult.TooBig;
                    continue;
                }

                var free = buffer.GetMemory(Math.Min(SmallestRead, limit - total));
                received = await socket.ReceiveAsync(free[..Math.Min(free.Length, limit - total)], cancellationToken).ConfigureAwait(false);
                buffer.Advance(received.Count);
                total += received.Count;
            }

            if (socket.State == WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
            return ReceiveResult.Closed;
        }
        catch (WebSocketException exception)
        {
            // The socket itself rejected the message, such as text that is not UTF-8, and has sent the close.
            if (exception.WebSocketErrorCode == WebSocketError.Faulted) await LingerAsync(cancellationToken).ConfigureAwait(false);
            return ReceiveResult.Closed;
        }
    }

    // Ending the request at once would reset the connection, and the peer would lose the close that was just sent.
    private static async ValueTask LingerAsync(CancellationToken ended) =>
        await Task.Delay(TimeSpan.FromSeconds(1), ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsLoss(exception, cancellationToken))
        {
            throw new IOException("The WebSocket is lost.", exception);
        }
    }

    public async ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
        try
        {
            await socket.CloseOutputAsync(
                (WebSocketCloseStatus)code, Shorten(reason), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsLoss(exception, cancellationToken))
        {
            throw new IOException("The WebSocket is lost.", exception);
        }
    }

    private static string Shorten(string reason)
    {
        if (Encoding.UTF8.GetByteCount(reason) <= LongestReason) return reason;
        var (length, bytes) = (0, 0);
        foreach (var rune in reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > LongestReason) break;
            length += rune.Utf16SequenceLength;
        }

        return reason[..length];
    }

    public void Abort()
    {
        // The socket first: only this ends a send that waits for a peer that does not read.
        socket.Abort();
        // A request that has ended belongs to the web server again, which may have reused it.
        lock (_gate)
            if (!_ended) abort();
    }

    /// <summary>The request ends: from here on an abort does nothing.</summary>
    public void End()
    {
        lock (_gate) _ended = true;
    }

    // An abort shows as a cancellation that no caller requested.
    private static bool IsLoss(Exception exception, CancellationToken cancellationToken) =>
        exception is WebSocketException or ObjectDisposedException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
