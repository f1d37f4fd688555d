using System.Net;
using System.Net.WebSockets;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Opens a socket to the endpoint, and says what a failure means for the next attempt.</summary>
internal static class Handshake
{
    public static async Task<ClientWebSocket> OpenAsync(Uri endpoint, Action<ClientWebSocketOptions>? configure, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
            // The protocol has its own ping and pong, which also reach through proxies.
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.CollectHttpResponseDetails = true;
            configure?.Invoke(socket.Options);
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch (WebSocketException e) when (Meaning(socket.HttpStatusCode) is { } code)
        {
            socket.Dispose();
            throw new RefusedException(new LinkEnd(code, e.Message));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What an error in place of <c>connected</c> means.</summary>
    public static LinkEnd Meaning(ErrorFrame error) => new(
        error.Code switch
        {
            ErrorCodes.Unauthenticated => CloseCode.Unauthenticated,
            ErrorCodes.Forbidden => CloseCode.Disconnected,
            ErrorCodes.Invalid or ErrorCodes.TooLarge or ErrorCodes.Unsupported => CloseCode.Malformed,
            _ => CloseCode.Internal,
        },
        $"{error.Code}: {error.Message}") { ComeBackIn = error.RetryAfter };

    // Asking again changes nothing about these; anything else may be a proxy whose server is away.
    private static CloseCode? Meaning(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => CloseCode.Unauthenticated,
        HttpStatusCode.Forbidden => CloseCode.Disconnected,
        HttpStatusCode.BadRequest => CloseCode.Malformed,
        _ => null,
    };

    /// <summary>The server refused the connection and said why.</summary>
    internal sealed class RefusedException(LinkEnd end) : Exception(end.Reason)
    {
        public LinkEnd End => end;
    }
}
