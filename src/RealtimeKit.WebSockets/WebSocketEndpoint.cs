using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.WebSockets;

/// <summary>Decides whether an upgrade may pass, and hands the WebSocket to the engine.</summary>
internal sealed class WebSocketEndpoint(IConnectionHandler connections, IOptions<WebSocketTransportOptions> options)
{
    private readonly HashSet<string> _origins = options.Value.AllowedOrigins.Select(Origin.Normalize).OfType<string>().ToHashSet(StringComparer.Ordinal);
    private readonly bool _allOrigins = options.Value.AllowedOrigins.Contains("*");

    // Otherwise only the authentication middleware reads the header.
    private readonly bool _readsHeader = options.Value.TokenScheme is not null;

    public async Task HandleAsync(HttpContext context)
    {
        var sockets = context.WebSockets;
        if (!sockets.IsWebSocketRequest)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "This is a WebSocket endpoint: connect with a RealtimeKit client.").ConfigureAwait(false);
            return;
        }

        if (!IsAllowed(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Pages of this origin may not connect.").ConfigureAwait(false);
            return;
        }

        var offered = sockets.WebSocketRequestedProtocols;
        if (offered.Count > 0 && !offered.Contains(ProtocolConstants.Subprotocol))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"Offer the subprotocol {ProtocolConstants.Subprotocol}, or none.").ConfigureAwait(false);
            return;
        }

        if (!connections.IsAccepting)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The node is going away.").ConfigureAwait(false);
            return;
        }

        using var socket = await sockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = offered.Count > 0 ? ProtocolConstants.Subprotocol : null,
            // The protocol has its own keep-alive, for which one timer serves all connections.
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
        }).ConfigureAwait(false);
        var connection = new WebSocketConnection(socket, Principal(context), Expiry(context), Token(context), context.Connection.RemoteIpAddress, context.Abort);
        try
        {
            await connections.HandleAsync(connection, context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            connection.End();
        }
    }

    /// <summary>Whether the page that sends a request may connect.</summary>
    public bool IsAllowed(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (StringValues.IsNullOrEmpty(origin) || _allOrigins) return true;
        // Proxies write the default port into Host or leave it out, whatever the browser did.
        return Origin.Normalize(origin.ToString()) is { } value
            && (_origins.Contains(value) || value == Origin.Normalize($"{request.Scheme}://{request.Host.Value}"));
    }

    // Not HttpContext.User, which creates a principal if nobody was authenticated.
    private static ClaimsPrincipal? Principal(HttpContext context) => context.Features.Get<IHttpAuthenticationFeature>()?.User;

    private static DateTimeOffset? Expiry(HttpContext context) =>
        context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;

    // A header that the application's own authentication has read is in the principal, and need not be a token that the authenticator reads.
    private string? Token(HttpContext context) =>
        context.Request.Query.TryGetValue("access_token", out var token) ? token.ToString()
            : _readsHeader || Principal(context)?.Identity?.IsAuthenticated != true ? HeaderToken(context.Request) : null;

    private static string? HeaderToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(SchemeAuthenticator.HeaderPrefix, StringComparison.OrdinalIgnoreCase)
            ? header[SchemeAuthenticator.HeaderPrefix.Length..] : null;
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }
}
