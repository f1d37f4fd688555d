using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace RealtimeKit.Docs.Adapter;

/// <summary>
/// Passes on what each node publishes to those that subscribed. It keeps nothing: a node that does not keep up is cut off,
/// and makes good from the store what it missed when it is back.
/// </summary>
internal sealed class SocketRelay : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Node, bool> _nodes = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener;
    private readonly Task _running;

    public SocketRelay(EndPoint address)
    {
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(address);
        _listener.Listen();
        _running = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>Breaks every connection; the nodes come back by themselves.</summary>
    public void BreakAll()
    {
        foreach (var node in _nodes.Keys) node.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        BreakAll();
        await _running;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var node = new Node(await _listener.AcceptAsync(_stop.Token));
                _nodes[node] = true;
                _ = ServeAsync(node);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // It ends, or a node went before it was let in.
            }
        }
    }

    private async Task ServeAsync(Node node)
    {
        try
        {
            await Task.WhenAny(node.WriteAsync(), ReadAsync(node));
        }
        finally
        {
            _nodes.TryRemove(node, out _);
            node.Dispose();
        }
    }

    private async Task ReadAsync(Node node)
    {
        while (true)
        {
            var frame = await node.ReadAsync();
            if (frame.Kind == FrameKind.Subscribe) node.Channels[frame.Channel] = true;
            else if (frame.Kind == FrameKind.Unsubscribe) node.Channels.TryRemove(frame.Channel, out _);
            else PassOn(node, frame);
            node.Send(SocketFrame.Encode(FrameKind.Done, "", default));
        }
    }

    private void PassOn(Node from, SocketFrame frame)
    {
        byte[]? encoded = null;
        foreach (var node in _nodes.Keys)
            if (node != from && node.Channels.ContainsKey(frame.Channel))
                node.Send(encoded ??= SocketFrame.Encode(frame.Kind, frame.Channel, frame.Payload.Span));
    }

    private sealed class Node(Socket socket) : IDisposable
    {
        private const int QueueLength = 16_384;

        private readonly NetworkStream _stream = new(socket, ownsSocket: true);
        private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueueLength) { SingleReader = true });

        public ConcurrentDictionary<string, bool> Channels { get; } = new(StringComparer.Ordinal);

        public ValueTask<SocketFrame> ReadAsync() => SocketFrame.ReadAsync(_stream, CancellationToken.None);

        public void Send(byte[] frame)
        {
            if (!_outgoing.Writer.TryWrite(frame)) Dispose();
        }

        public async Task WriteAsync()
        {
            await foreach (var frame in _outgoing.Reader.ReadAllAsync()) await _stream.WriteAsync(frame);
        }

        /// <summary>Breaks the connection.</summary>
        public void Dispose()
        {
            _outgoing.Writer.TryComplete();
            _stream.Dispose();
        }
    }
}
