using System.Net;
using System.Net.Sockets;

namespace RealtimeKit.Chaos.Network;

/// <summary>One connection through the proxy, over one or more links.</summary>
internal sealed class Pipe(Socket client, IReadOnlyList<Link> links)
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects to the server and carries bytes until both sides have ended or the connection is reset.</summary>
    /// <returns>False where the server took no connection; the client is untouched then.</returns>
    public async Task<bool> RunAsync(int port)
    {
        if (!links.All(link => link.TryAdd(this)))
        {
            foreach (var link in links) link.Remove(this);
            _server.Dispose();
            return false;
        }

        try
        {
            // The handshake needs both ways.
            foreach (var link in links)
            {
                await link.PassAsync(up: true).WaitAsync(_ended.Token);
                await link.PassAsync(up: false).WaitAsync(_ended.Token);
            }

            await _server.ConnectAsync(IPAddress.Loopback, port, _ended.Token);
        }
        catch (SocketException)
        {
            foreach (var link in links) link.Remove(this);
            _server.Dispose();
            return false;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            End();
            return true;
        }

        await Task.WhenAll(PumpAsync(client, _server, up: true), PumpAsync(_server, client, up: false));
        End();
        return true;
    }

    /// <summary>Ends the connection as a lost network does.</summary>
    public void Reset()
    {
        Linger(client);
        Linger(_server);
        _ended.Cancel();
    }

    private async Task PumpAsync(Socket from, Socket to, bool up)
    {
        var buffer = new byte[16 * 1_024];
        try
        {
            while (true)
            {
                await PassAsync(up);
                var read = await from.ReceiveAsync(buffer, _ended.Token);
                // What had been under way when the network failed is held back too.
                await PassAsync(up);
                if (read == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _ended.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side broke: so does the other.
            Reset();
        }
    }

    private async ValueTask PassAsync(bool up)
    {
        foreach (var link in links)
        {
            var pass = link.PassAsync(up);
            if (!pass.IsCompleted) await pass.WaitAsync(_ended.Token);
        }
    }

    private void End()
    {
        foreach (var link in links) link.Remove(this);
        client.Dispose();
        _server.Dispose();
    }

    private static void Linger(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }
}
