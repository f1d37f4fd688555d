using System.Net.WebSockets;
using RealtimeKit.Client;

namespace RealtimeKit.Checking.Clients;

/// <summary>How one client reaches the nodes, by whatever network there is between them.</summary>
internal interface IWay
{
    /// <summary>Connects to some node, signed in as the client's user.</summary>
    /// <exception cref="WebSocketException">No connection came about.</exception>
    Task<WebSocket> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>Makes a client of the library that connects by it.</summary>
    RealtimeClient Open(RealtimeClientOptions options);
}
