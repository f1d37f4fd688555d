using System.Net;
using System.Net.WebSockets;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Opens a connection to the endpoint, and says what a failure means for the next attempt.</summary>
internal static class Handshake
{
    /// <summary>Opens a connection as the options say.</summary>
    /// <exception cref="RefusedException">It was refused, and it is known what that means.</exception>
    public static async Task<IClientConnection> OpenAsync(Uri endpoint, RealtimeClientOptions options, CancellationToken cancellationToken)
    {
        var open = options.ConnectionFactory ?? ((address, cancel) => OpenSocketAsync(address, options.ConfigureWebSocket, cancel));
        try
        {
            return await ApplicationCode.CallAsync(cancel => open(endpoint, cancel), cancellationToken).ConfigureAwait(false);
        }
        catch (RealtimeException e)
        {
            throw new RefusedException(Meaning(e));
        }
        catch (PlatformNotSupportedException e)
        {
            throw new RefusedException(new ConnectionEnd(CloseCode.Lost, e.Message) { IsFinal = true });
        }
    }

    /// <summary>What an error in place of a connection, or of <c>connected</c>, means.</summary>
    public static ConnectionEnd Meaning(RealtimeException error) => new(
        error.Code switch
        {
            ErrorCodes.Unauthenticated => CloseCode.Unauthenticated,
            ErrorCodes.Forbidden => CloseCode.Disconnected,
            ErrorCodes.Invalid or ErrorCodes.TooLarge or ErrorCodes.Unsupported => CloseCode.Malformed,
            _ => CloseCode.Internal,
        },
        error.Message) { ComeBackIn = error.RetryAfter };

    private static async ValueTask<IClientConnection> OpenSocketAsync(
        Uri endpoint, Action<ClientWebSocketOptions>? configure, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsBrowser())
        {
            throw new PlatformNotSupportedException(
                "In a browser this client has no WebSocket of its own: set RealtimeClientOptions.ConnectionFactory, or use the JavaScript client.");
        }

        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(ProtocolConstants.Subprotocol);
            // The protocol has its own ping and pong, which also reach through proxies.
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.CollectHttpResponseDetails = true;
            configure?.Invoke(socket.Options);
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            return new WebSocketClientConnection(socket);
        }
        catch (WebSocketException e) when (Meaning(socket.HttpStatusCode) is { } code)
        {
            socket.Dispose();
            throw new RealtimeException(code, e.Message, innerException: e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Asking again changes nothing about these; anything else may be a proxy whose server is away.
    private static string? Meaning(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => ErrorCodes.Unauthenticated,
        HttpStatusCode.Forbidden => ErrorCodes.Forbidden,
        HttpStatusCode.BadRequest => ErrorCodes.Invalid,
        _ => null,
    };

    /// <summary>There is no connection, and it is known what that means.</summary>
    internal sealed class RefusedException(ConnectionEnd end) : Exception(end.Reason)
    {
        public ConnectionEnd End => end;
    }
}
