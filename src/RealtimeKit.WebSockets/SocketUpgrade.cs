using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace RealtimeKit.WebSockets;

/// <summary>Upgrades a request to a stream that writes to the connection's socket, past the web server's pipe.</summary>
internal sealed class SocketUpgrade(IHttpUpgradeFeature upgrade, Socket socket) : IHttpUpgradeFeature
{
    private static readonly Assembly SocketsTransport = typeof(SocketTransportOptions).Assembly;

    public bool IsUpgradableRequest => upgrade.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync()
    {
        var upgraded = await upgrade.UpgradeAsync().ConfigureAwait(false);
        try
        {
            // So that a send takes what fits into the kernel's buffer and returns. Kestrel's own calls are asynchronous and go on as before.
            socket.Blocking = false;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // The peer is gone already: the server's own stream says so to whoever reads or writes.
            return upgraded;
        }

        return new SocketStream(upgraded, socket);
    }

    /// <summary>
    /// Takes the place of the request's upgrade where what is written for the request goes to a socket as it is: HTTP/1.1 on Kestrel's
    /// sockets, with nothing in between such as TLS. Any other request stays as it is.
    /// </summary>
    public static void UseWherePossible(IFeatureCollection features)
    {
        if (features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || features.Get<IConnectionSocketFeature>() is not { Socket: var socket }
            // A middleware of the connection, such as TLS, puts a pipe of its own before the transport's.
            || features.Get<IConnectionTransportFeature>()?.Transport.GetType().Assembly != SocketsTransport)
            return;
        features.Set<IHttpUpgradeFeature>(new SocketUpgrade(upgrade, socket));
        // The host's own UseWebSockets() has prepared the other upgrade.
        features.Set<IHttpWebSocketFeature>(null);
    }
}
