using System.Net.Sockets;
using System.Threading.Channels;
using RealtimeKit.Brokers;

namespace RealtimeKit.Docs.Adapter;

/// <summary>
/// One connection of a node to the relay. The relay answers every frame in order, so that the node knows at the end of the
/// connection what may not have arrived. Safe for concurrent use.
/// </summary>
internal sealed class SocketLink(Socket socket, IBrokerReceiver receiver)
{
    // More than this unanswered means that the relay cannot keep up: a broker may lose, but must not grow without bound.
    private const int MostUnanswered = 4_096;

    private readonly Lock _gate = new();
    private readonly Queue<(string Channel, TaskCompletionSource? Asked)> _unanswered = [];
    private readonly Channel<byte[]> _outgoing = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private bool _ended;

    /// <summary>Queues a publication.</summary>
    /// <returns>False where it is not sent.</returns>
    public bool TryPublish(string channel, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_ended || _unanswered.Count >= MostUnanswered) return false;
            Send(FrameKind.Publish, channel, payload, null);
            return true;
        }
    }

    /// <summary>Ends when the relay has done what it was asked, or cannot any more because the connection has ended.</summary>
    public Task AskAsync(FrameKind kind, string channel)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_ended) return Task.CompletedTask;
            Send(kind, channel, default, asked);
            return asked.Task;
        }
    }

    /// <summary>Runs until the connection has ended, and tells of every publication that may be lost with it.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(ReadAsync(stream, ended.Token), WriteAsync(stream, ended.Token));
        await ended.CancelAsync();
        lock (_gate) _ended = true;
        foreach (var (channel, asked) in _unanswered)
        {
            if (asked is null) receiver.PublishLost(channel);
            else asked.SetResult();
        }
    }

    private void Send(FrameKind kind, string channel, ReadOnlySpan<byte> payload, TaskCompletionSource? asked)
    {
        _unanswered.Enqueue((channel, asked));
        _outgoing.Writer.TryWrite(SocketFrame.Encode(kind, channel, payload));
    }

    private async Task ReadAsync(NetworkStream stream, CancellationToken ended)
    {
        while (true)
        {
            var frame = await SocketFrame.ReadAsync(stream, ended);
            if (frame.Kind == FrameKind.Publish) receiver.Receive(frame.Channel, frame.Payload.Span);
            else TakeAnswer();
        }
    }

    private async Task WriteAsync(NetworkStream stream, CancellationToken ended)
    {
        await foreach (var frame in _outgoing.Reader.ReadAllAsync(ended)) await stream.WriteAsync(frame, ended);
    }

    private void TakeAnswer()
    {
        lock (_gate)
        {
            if (!_ended && _unanswered.TryDequeue(out var done)) done.Asked?.SetResult();
        }
    }
}
