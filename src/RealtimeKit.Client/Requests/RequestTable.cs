using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Writes a request with a given id.</summary>
internal delegate void WriteRequest(FrameBuffer output, long id);

/// <summary>
/// The requests that wait for a reply, sends and subscriptions excepted. One that was not handed out yet waits for the next
/// connection; one that was is repeated there if that can do no harm, and otherwise fails.
/// </summary>
internal sealed class RequestTable(RequestIds ids, int limit, TimeSpan timeout, TimeProvider time) : IConnectionPart
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, PendingRequest> _pending = [];
    private ServerConnection? _connection;
    private RealtimeException? _closed;
    private int _largestFrame = ProtocolConstants.MaxFrameBytes;

    public int Unanswered
    {
        get
        {
            lock (_gate) return _pending.Values.Count(request => request.Sent);
        }
    }

    public int LargestUnanswered
    {
        get
        {
            lock (_gate) return _pending.Values.Where(request => request.Sent).Select(request => request.Frame.Length).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Sends a request and waits for its reply.</summary>
    /// <exception cref="RealtimeException">The server refused it, the connection was lost, or the client is closed or full.</exception>
    /// <exception cref="TimeoutException">There was no reply in time.</exception>
    public async Task<T> SendAsync<T>(WriteRequest write, bool repeat, CancellationToken cancellationToken) where T : ServerReply
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = Register(write, repeat);
        ServerReply reply;
        try
        {
            reply = await request.Reply.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate) _pending.Remove(request.Id);
        }

        return reply switch
        {
            T expected => expected,
            ErrorFrame error => throw RealtimeException.From(error),
            _ => throw new RealtimeException(ErrorCodes.Internal, "The server answered with a frame of another type."),
        };
    }

    /// <summary>Sends a frame that gets no reply, if there is a connection.</summary>
    public void Post(Action<FrameBuffer> write)
    {
        using var buffer = new FrameBuffer();
        write(buffer);
        lock (_gate) _connection?.Post(buffer.WrittenSpan.ToArray());
    }

    public void Attach(ServerConnection connection, ConnectedFrame connected)
    {
        lock (_gate)
        {
            _connection = connection;
            _largestFrame = connected.MessageBytes;
            foreach (var request in _pending.Values) HandOut(request);
        }
    }

    public void Pause(ServerConnection connection)
    {
        lock (_gate)
            if (_connection == connection) _connection = null;
    }

    public void Detach()
    {
        lock (_gate)
        {
            _connection = null;
            foreach (var request in _pending.Values.Where(request => request.Sent).ToList())
            {
                request.Sent = false;
                if (request.Repeat) continue;
                Fail(request, new RealtimeException(
                    ClientErrorCodes.ConnectionLost, "The connection was lost before the reply; the request may or may not have taken effect."));
            }
        }
    }

    public void Close(RealtimeException? error)
    {
        lock (_gate)
        {
            _closed = error ?? new RealtimeException(ClientErrorCodes.Closed, "The client is closed.");
            foreach (var request in _pending.Values.ToList()) Fail(request, _closed);
        }
    }

    public bool TryTake(ServerReply reply)
    {
        lock (_gate) return _pending.Remove(reply.Id, out var request) && request.Reply.TrySetResult(reply);
    }

    public void FailLargest(RealtimeException error)
    {
        lock (_gate)
            if (_pending.Values.Where(request => request.Sent).MaxBy(request => request.Frame.Length) is { } largest) Fail(largest, error);
    }

    private PendingRequest Register(WriteRequest write, bool repeat)
    {
        using var buffer = new FrameBuffer();
        var id = ids.Next();
        write(buffer, id);
        lock (_gate)
        {
            if (_closed is not null) throw new RealtimeException(_closed.Code, _closed.Message);
            if (_pending.Count >= limit) throw new RealtimeException(ClientErrorCodes.QueueFull, $"{limit} requests wait for a reply already.");
            if (buffer.Length > _largestFrame) throw new RealtimeException(ErrorCodes.TooLarge, $"A request may have at most {_largestFrame} bytes.");
            var request = new PendingRequest(id, buffer.WrittenSpan.ToArray(), repeat);
            _pending.Add(id, request);
            HandOut(request);
            return request;
        }
    }

    private void HandOut(PendingRequest request)
    {
        if (_connection is null) return;
        request.Sent = true;
        _connection.Post(request.Frame);
    }

    private void Fail(PendingRequest request, RealtimeException error)
    {
        _pending.Remove(request.Id);
        request.Reply.TrySetException(error);
        _ = request.Reply.Task.Exception; // The caller may have stopped waiting.
    }

    private sealed class PendingRequest(long id, byte[] frame, bool repeat)
    {
        public long Id => id;

        public byte[] Frame => frame;

        public bool Repeat => repeat;

        public bool Sent { get; set; }

        public TaskCompletionSource<ServerReply> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
