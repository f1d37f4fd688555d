using System.Security.Claims;
using RealtimeKit.Transports;

namespace RealtimeKit.InMemory;

/// <summary>Connects clients in the same process to the engine, without sockets: for tests, and for code that embeds both ends.</summary>
/// <param name="connections">The engine's end, from the host's services.</param>
public sealed class InProcessTransport(IConnectionHandler connections)
{
    /// <summary>Opens a connection. The session runs until either end closes.</summary>
    /// <param name="principal">The user, as a transport's authentication would say; none for <see langword="null"/>.</param>
    /// <param name="token">A token that comes with the connection, if any.</param>
    public InProcessClient Connect(ClaimsPrincipal? principal = null, string? token = null)
    {
        var client = new InProcessClient();
        var connection = new InProcessConnection(client, principal, token);
        client.Session = Task.Run(async () =>
        {
            try
            {
                await connections.HandleAsync(connection, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                client.Close();
            }
        });
        return client;
    }

    /// <summary>Opens a connection for a user whom the transport vouches for.</summary>
    /// <param name="user">The user.</param>
    public InProcessClient Connect(string user) =>
        Connect(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "in-process")));
}
