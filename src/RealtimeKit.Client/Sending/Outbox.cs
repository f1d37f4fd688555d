using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// The messages that are not acknowledged yet. Each stays until the server has stored or refused it, across connections,
/// in the order of its channel and under the same id.
/// </summary>
internal sealed class Outbox(RealtimeClientOptions options, RequestIds ids, ILogger logger) : IConnectionPart
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly Dictionary<long, PendingSend> _unanswered = [];
    private readonly Queue<Lane> _line = [];
    private ServerConnection? _connection;
    private RealtimeException? _closed;
    private int _count;
    private int _largestFrame = ProtocolConstants.MaxFrameBytes;

    public int Unanswered
    {
        get
        {
            lock (_gate) return _unanswered.Count;
        }
    }

    public int LargestUnanswered
    {
        get
        {
            lock (_gate) return _unanswered.Values.Select(send => send.Message.Length).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Queues a message, before it returns, and ends when it is durable.</summary>
    public async Task<SentMessage> SendAsync(string channel, OutgoingMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var send = Enqueue(channel, message.Id, Encode(message));
        await using var cancelling = cancellationToken.UnsafeRegister(_ => Cancel(send, cancellationToken), null).ConfigureAwait(false);
        return await send.Done.Task.ConfigureAwait(false);
    }

    public void Attach(ServerConnection connection, ConnectedFrame connected)
    {
        lock (_gate)
        {
            _connection = connection;
            _largestFrame = connected.MessageBytes;
            foreach (var lane in _lanes.Values) StandInLine(lane);
            HandOut();
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
            _line.Clear();
            foreach (var send in _unanswered.Values) send.RequestId = 0;
            _unanswered.Clear();
            foreach (var lane in _lanes.Values)
            {
                lane.Outstanding = 0;
                lane.RefusedFor = null;
                lane.InLine = false;
                StopTimer(lane);
            }
        }
    }

    public void Close(RealtimeException? error)
    {
        lock (_gate)
        {
            _connection = null;
            _closed = error ?? new RealtimeException(ClientErrorCodes.Closed, "The client is closed.");
            foreach (var lane in _lanes.Values)
            {
                StopTimer(lane);
                foreach (var send in lane.Messages) send.Fail(_closed);
            }

            _lanes.Clear();
            _unanswered.Clear();
            _line.Clear();
            _count = 0;
        }
    }

    public bool TryTake(ServerReply reply)
    {
        lock (_gate)
        {
            if (!_unanswered.Remove(reply.Id, out var send)) return false;
            send.RequestId = 0;
            send.Lane.Outstanding--;
            Settle(send, reply);
            if (send.Lane.Outstanding == 0) EndWindow(send.Lane);
            HandOut();
            return true;
        }
    }

    public void FailLargest(RealtimeException error)
    {
        lock (_gate)
        {
            if (_unanswered.Values.OrderBy(send => send.RequestId).MaxBy(send => send.Message.Length) is not { } largest) return;
            _unanswered.Remove(largest.RequestId);
            largest.Lane.Outstanding--;
            Remove(largest);
            largest.Fail(error);
        }
    }

    private PendingSend Enqueue(string channel, MessageId id, byte[] message)
    {
        // What surrounds the message in its frame, at most.
        const int envelope = 256;
        lock (_gate)
        {
            if (_closed is not null) throw new RealtimeException(_closed.Code, _closed.Message);
            if (message.Length + envelope > _largestFrame)
                throw new RealtimeException(ErrorCodes.TooLarge, $"A message may have at most {_largestFrame - envelope} bytes.");
            if (_count >= options.QueueLimit)
                throw new RealtimeException(ClientErrorCodes.QueueFull, $"{options.QueueLimit} messages wait for their acknowledgement already.");
            if (!_lanes.TryGetValue(channel, out var lane))
                _lanes[channel] = lane = new Lane(channel, new Backoff(options.ReconnectDelay, options.MaxReconnectDelay, options.Random));
            var send = new PendingSend(lane, id, message);
            lane.Messages.AddLast(send);
            _count++;
            StandInLine(lane);
            HandOut();
            return send;
        }
    }

    private void Settle(PendingSend send, ServerReply reply)
    {
        switch (reply)
        {
            case PublishedFrame published:
                Remove(send);
                send.Lane.Backoff.Reset();
                send.Complete(published);
                break;
            case ErrorFrame refused when ErrorCodes.IsTransient(refused.Code):
                var wait = refused.RetryAfter ?? TimeSpan.Zero;
                send.Lane.RefusedFor = send.Lane.RefusedFor > wait ? send.Lane.RefusedFor : wait;
                send.Lane.RefusedCode = refused.Code;
                break;
            case ErrorFrame error:
                Remove(send);
                send.Fail(RealtimeException.From(error));
                break;
            default:
                Remove(send);
                send.Fail(new RealtimeException(ErrorCodes.Internal, "The server answered with a frame of another type."));
                break;
        }
    }

    private void EndWindow(Lane lane)
    {
        if (lane.RefusedFor is not { } asked)
        {
            StandInLine(lane);
            return;
        }

        lane.RefusedFor = null;
        var wait = asked + lane.Backoff.Next();
        Log.SendRefused(logger, lane.Channel, lane.RefusedCode, wait);
        lane.Timer = options.TimeProvider.CreateTimer(_ => Wake(lane), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lane.Timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Wake(Lane lane)
    {
        lock (_gate)
        {
            if (lane.Timer is null) return;
            StopTimer(lane);
            if (_lanes.GetValueOrDefault(lane.Channel) != lane) return;
            StandInLine(lane);
            HandOut();
        }
    }

    private void StandInLine(Lane lane)
    {
        if (!lane.IsReady) return;
        lane.InLine = true;
        _line.Enqueue(lane);
    }

    private void HandOut()
    {
        while (_connection is not null && _unanswered.Count < options.MaxOutstanding && _line.TryDequeue(out var lane))
        {
            lane.InLine = false;
            if (lane.IsReady) HandOutWindow(lane, _connection);
            else if (lane.Messages.Count == 0) _lanes.Remove(lane.Channel);
        }
    }

    private void HandOutWindow(Lane lane, ServerConnection connection)
    {
        using var buffer = new FrameBuffer();
        foreach (var send in lane.Messages)
        {
            if (_unanswered.Count >= options.MaxOutstanding) break;
            if (buffer.Length > 0 && (!connection.Joining || buffer.Length + send.Message.Length > ServerConnection.JoinedBytes / 2)) break;
            send.RequestId = ids.Next();
            send.Tried = true;
            lane.Outstanding++;
            _unanswered.Add(send.RequestId, send);
            ClientMessageRequests.Publish(buffer, send.RequestId, lane.Channel, send.Message);
        }

        connection.Post(buffer.WrittenSpan.ToArray());
    }

    private void Cancel(PendingSend send, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!send.Tried && !send.Done.Task.IsCompleted) Remove(send);
        }

        send.Done.TrySetCanceled(cancellationToken);
    }

    private void Remove(PendingSend send)
    {
        var lane = send.Lane;
        if (!lane.Messages.Remove(send)) return;
        _count--;
        if (lane.Messages.Count == 0 && lane.Timer is null && !lane.InLine) _lanes.Remove(lane.Channel);
    }

    private static void StopTimer(Lane lane)
    {
        lane.Timer?.Dispose();
        lane.Timer = null;
    }

    private static byte[] Encode(OutgoingMessage message)
    {
        TextRules.Require(message.Text);
        foreach (var user in message.Mentions ?? []) UserNames.Require(user, nameof(message));
        return ClientMessageRequests.Message(
            message.Id, new MessageContent(message.Text, message.Data, message.Attachments, message.Mentions), message.ReplyTo);
    }
}
