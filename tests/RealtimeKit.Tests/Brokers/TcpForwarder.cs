using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Stands between a node and its broker, under an address of its own, and cuts what passes through it.</summary>
internal sealed class TcpForwarder : IDisposable
{
    private readonly ConcurrentDictionary<TcpClient, bool> _open = [];
    private readonly TcpListener _listener;
    private readonly string _host;
    private readonly int _port;

    public TcpForwarder(string host, int port, string address = "127.0.0.1")
    {
        (_host, _port) = (host, port);
        _listener = new TcpListener(IPAddress.Parse(address), 0);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Closes every connection; new ones may be made at once.</summary>
    public void Cut()
    {
        foreach (var client in _open.Keys) client.Close();
    }

    public void Dispose()
    {
        _listener.Stop();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ForwardAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_host, _port);
            _open[client] = _open[server] = true;
            var (one, two) = (client.GetStream(), server.GetStream());
            await await Task.WhenAny(one.CopyToAsync(two), two.CopyToAsync(one));
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut by the test or by one of the ends.
        }
        finally
        {
            client.Dispose();
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
        }
    }
}
