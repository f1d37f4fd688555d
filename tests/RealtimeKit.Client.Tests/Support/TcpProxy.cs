using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RealtimeKit.Client.Tests;

/// <summary>Stands between client and server on loopback, to cut connections and to hold back what the server says.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Socket> _pairs = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int[] _ports;
    private int _turn;
    private int _refusing;
    private TaskCompletionSource _flowing = Opened();

    /// <summary>Begins to listen; where there are several ports, new connections go to each in turn that takes them.</summary>
    public TcpProxy(params int[] ports)
    {
        _ports = ports;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Endpoint => new($"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/realtime");

    /// <summary>How many connections were made through it.</summary>
    public int Accepted => _accepted;

    private int _accepted;

    /// <summary>Where new connections go.</summary>
    public void Target(int port) => Volatile.Write(ref _ports, [port]);

    /// <summary>Whether new connections are cut at once.</summary>
    public void Refuse(bool refuse) => Volatile.Write(ref _refusing, refuse ? 1 : 0);

    /// <summary>Holds back what servers say from now on.</summary>
    public void Stall() => Volatile.Write(ref _flowing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Lets it through again.</summary>
    public void Flow()
    {
        Volatile.Read(ref _flowing).TrySetResult();
    }

    /// <summary>Resets all connections, as a lost network does; what was held back is lost.</summary>
    public void Cut()
    {
        foreach (var (client, server) in _pairs)
        {
            Reset(client);
            Reset(server);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        Cut();
        Flow();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                if (Volatile.Read(ref _refusing) == 1) Reset(client);
                else _ = ForwardAsync(client);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
            }
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        client.NoDelay = true;
        Socket? server = null;
        try
        {
            server = await ConnectAsync();
            _pairs[client] = server;
            Interlocked.Increment(ref _accepted);
            await Task.WhenAny(PumpAsync(client, server, holds: false), PumpAsync(server, client, holds: true));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }

        _pairs.TryRemove(client, out _);
        Reset(client);
        if (server is not null) Reset(server);
    }

    private async Task<Socket> ConnectAsync()
    {
        var ports = Volatile.Read(ref _ports);
        for (var tried = 1; ; tried++)
        {
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, ports[(Interlocked.Increment(ref _turn) & int.MaxValue) % ports.Length], _stopping.Token);
                return server;
            }
            catch (SocketException) when (tried < ports.Length)
            {
                server.Dispose();
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool holds)
    {
        var buffer = new byte[64 * 1_024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stopping.Token) is > 0 and var read)
            {
                if (holds) await Volatile.Read(ref _flowing).Task;
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stopping.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }

        socket.Dispose();
    }
}
