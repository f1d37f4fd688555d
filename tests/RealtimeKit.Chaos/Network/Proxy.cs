using System.Net;
using System.Net.Sockets;

namespace RealtimeKit.Chaos.Network;

/// <summary>Where a connection goes, and over which links.</summary>
internal sealed record Destination(int Port, IReadOnlyList<Link> Links);

/// <summary>
/// Stands between two sides on loopback. It asks for routes until one takes the connection, as a load balancer does; where
/// none does, the connection is reset.
/// </summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<IEnumerable<Destination>> _routes;
    private readonly Task _accepting;

    public Proxy(Func<IEnumerable<Destination>> routes)
    {
        _routes = routes;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>A proxy to one server over one link.</summary>
    public static Proxy To(int port, Link link)
    {
        var route = new Destination(port, [link]);
        return new Proxy(() => [route]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                client.NoDelay = true;
                _ = ForwardAsync(client);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The next, unless it stops.
            }
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        foreach (var route in _routes())
            if (await new Pipe(client, route.Links).RunAsync(route.Port)) return;
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }
}
