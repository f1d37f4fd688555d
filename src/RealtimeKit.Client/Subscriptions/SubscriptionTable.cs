using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// The channels that the application follows. After every reconnect each goes on from its place; one whose reader is
/// behind leaves the live stream and comes back to its place when it has read, so that it slows no other.
/// </summary>
internal sealed class SubscriptionTable(RealtimeClientOptions options, RequestIds ids, RequestTable requests, ILogger logger) : IConnectionPart
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ChannelStream> _streams = [];
    private readonly Dictionary<long, ChannelStream> _asked = [];
    private readonly Dictionary<long, TaskCompletionSource> _leaving = [];
    private ServerConnection? _connection;
    private RealtimeException? _closed;

    /// <summary>Begins to follow a channel.</summary>
    /// <exception cref="InvalidOperationException">It is followed already.</exception>
    public ChannelStream Add(string channel, SubscribeOptions start)
    {
        lock (_gate)
        {
            if (_closed is not null) throw new RealtimeException(_closed.Code, _closed.Message);
            var stream = new ChannelStream(
                channel, start, options.ReadBuffer, new Backoff(options.ReconnectDelay, options.MaxReconnectDelay, options.Random));
            if (!_streams.TryAdd(channel, stream)) throw new InvalidOperationException($"'{channel}' is subscribed already.");
            Ask(stream);
            return stream;
        }
    }

    /// <summary>Stops following; the reader gets what it has not read yet, and then the end.</summary>
    /// <returns>Ends when the server confirmed it, or forgot the subscription with the connection.</returns>
    public Task Remove(ChannelStream stream)
    {
        lock (_gate)
        {
            if (stream.Phase == StreamPhase.Ended) return Task.CompletedTask;
            End(stream, null);
            if (_connection is null) return Task.CompletedTask;
            // Said at once and to this connection alone, so that it cannot come behind a next subscription to the channel.
            var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _leaving[Leave(stream.Channel)] = left;
            return left.Task;
        }
    }

    /// <summary>The same, and waits for the server.</summary>
    /// <exception cref="RealtimeException">The server answered with an error.</exception>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    public Task RemoveAsync(ChannelStream stream, CancellationToken cancellationToken) =>
        Remove(stream).WaitAsync(options.RequestTimeout, options.TimeProvider, cancellationToken);

    /// <summary>The reader has taken an update.</summary>
    public void OnTaken(ChannelStream stream)
    {
        if (stream.Phase is not (StreamPhase.Behind or StreamPhase.Filling) || !stream.Buffer.HasRoom) return;
        lock (_gate)
        {
            stream.Room?.TrySetResult();
            if (stream.Phase == StreamPhase.Behind) Ask(stream);
        }
    }

    public void Attach(ServerConnection connection, ConnectedFrame connected)
    {
        lock (_gate)
        {
            _connection = connection;
            foreach (var stream in _streams.Values.Where(stream => stream.Phase == StreamPhase.Waiting)) Ask(stream);
        }
    }

    public void Detach()
    {
        lock (_gate)
        {
            _connection = null;
            _asked.Clear();
            foreach (var left in _leaving.Values) left.TrySetResult();
            _leaving.Clear();
            foreach (var stream in _streams.Values.Where(stream => stream.Phase is StreamPhase.Subscribing or StreamPhase.Following))
            {
                stream.RequestId = 0;
                stream.Phase = StreamPhase.Waiting;
            }
        }
    }

    public void Close(RealtimeException? error)
    {
        lock (_gate)
        {
            _closed = error ?? new RealtimeException(ClientErrorCodes.Closed, "The client is closed.");
            foreach (var stream in _streams.Values.ToList()) End(stream, error);
        }
    }

    public bool TryTake(ServerReply reply)
    {
        lock (_gate)
        {
            if (_leaving.Remove(reply.Id, out var left)) return Confirm(left, reply);
            if (!_asked.Remove(reply.Id, out var stream)) return false;
            if (stream.RequestId != reply.Id) return true;
            stream.RequestId = 0;
            if (reply is SubscribedFrame subscribed && stream.Begin(subscribed)) stream.Phase = StreamPhase.Following;
            else if (stream.AsksFromCursor && reply is (SubscribedFrame or ErrorFrame { Code: ErrorCodes.Conflict })) Reset(stream);
            else Refuse(stream, reply as ErrorFrame ?? new ErrorFrame(reply.Id, ErrorCodes.Internal, "An unknown reply came.", null));
            return true;
        }
    }

    public void Take(ServerFrame frame)
    {
        lock (_gate)
        {
            switch (frame)
            {
                case EventFrame { Channel: var channel } live when Following(channel) is { } stream:
                    After(stream, stream.Apply(live));
                    break;
                case ChangesFrame { Channel: var channel } page when Following(channel) is { } stream:
                    After(stream, stream.Apply(page));
                    break;
                case SignalFrame { Channel: var channel } signal when Following(channel) is { } stream:
                    stream.Deliver(new SignalReceived(signal.User, signal.Name, signal.Data));
                    After(stream, FoldOutcome.Ignored);
                    break;
                case MemberFrame { Channel: var channel } member when Following(channel) is { } stream:
                    stream.Deliver(new MemberChanged(member.User, member.Change, member.Role, member.By, member.Until));
                    After(stream, FoldOutcome.Ignored);
                    break;
                case ChannelFrame { Channel: var channel } changed when Following(channel) is { } stream:
                    stream.Deliver(new SettingsChanged(changed.Settings));
                    After(stream, FoldOutcome.Ignored);
                    break;
                case RevokedFrame revoked when _streams.GetValueOrDefault(revoked.Channel) is { } stream:
                    Revoke(stream, revoked.Reason);
                    break;
            }
        }
    }

    private ChannelStream? Following(string channel) =>
        _streams.GetValueOrDefault(channel) is { Phase: StreamPhase.Following } stream ? stream : null;

    private void After(ChannelStream stream, FoldOutcome outcome)
    {
        if (stream.Fold.Fault is { } fault && outcome != FoldOutcome.Ignored)
            Log.StreamFault(logger, stream.Channel, stream.Fold.Cursor?.Version ?? 0, fault);
        if (outcome == FoldOutcome.OutOfOrder)
        {
            Leave(stream, StreamPhase.Filling);
            _ = FillAsync(stream);
        }
        else if (stream.Buffer.IsFull)
        {
            Log.ReaderBehind(logger, stream.Channel, stream.Fold.Cursor?.Version ?? 0);
            Leave(stream, StreamPhase.Behind);
            // The reader may have emptied it before it could see the phase.
            Interlocked.MemoryBarrier();
            if (stream.Buffer.HasRoom) Ask(stream);
        }
        else if (outcome == FoldOutcome.Hole)
        {
            if (stream.Progressed) Ask(stream);
            else AskLater(stream, TimeSpan.Zero);
        }
    }

    private void Ask(ChannelStream stream)
    {
        StopTimer(stream);
        stream.Phase = StreamPhase.Waiting;
        if (_connection is null) return;
        stream.Phase = StreamPhase.Subscribing;
        stream.RequestId = ids.Next();
        _asked[stream.RequestId] = stream;
        Post(buffer => stream.WriteRequest(buffer, stream.RequestId));
    }

    private void AskLater(ChannelStream stream, TimeSpan atLeast)
    {
        StopTimer(stream);
        stream.Phase = StreamPhase.Waiting;
        stream.RequestId = 0;
        stream.Timer = options.TimeProvider.CreateTimer(
            _ =>
            {
                lock (_gate)
                    if (stream.Phase == StreamPhase.Waiting) Ask(stream);
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        stream.Timer.Change(atLeast + stream.Backoff.Next(), Timeout.InfiniteTimeSpan);
    }

    private void Leave(ChannelStream stream, StreamPhase phase)
    {
        stream.Phase = phase;
        Leave(stream.Channel);
    }

    private long Leave(string channel)
    {
        var id = ids.Next();
        Post(buffer => ClientRequests.OfChannel(buffer, "unsubscribe"u8, id, channel));
        return id;
    }

    private static bool Confirm(TaskCompletionSource left, ServerReply reply)
    {
        if (reply is not ErrorFrame error) return left.TrySetResult();
        left.TrySetException(RealtimeException.From(error));
        _ = left.Task.Exception; // Its caller need not wait.
        return true;
    }

    private void Post(Action<FrameBuffer> write)
    {
        if (_connection is null) return;
        using var buffer = new FrameBuffer();
        write(buffer);
        _connection.Post(buffer.WrittenSpan.ToArray());
    }

    private void Reset(ChannelStream stream)
    {
        if (stream.AsksFromStart)
        {
            // There is no place before it: a server that refuses this cannot answer now.
            AskLater(stream, TimeSpan.Zero);
            return;
        }

        Log.Reset(logger, stream.Channel);
        stream.Reset();
        Ask(stream);
    }

    private void Refuse(ChannelStream stream, ErrorFrame error)
    {
        if (ErrorCodes.IsTransient(error.Code) || error.Code == ErrorCodes.Internal)
        {
            AskLater(stream, error.RetryAfter ?? TimeSpan.Zero);
            return;
        }

        // The caller of the first subscription gets an exception, the reader of a later one an update.
        if (stream.First.TrySetException(RealtimeException.From(error))) End(stream, null);
        else Revoke(stream, "denied");
    }

    private void Revoke(ChannelStream stream, string reason)
    {
        Log.Revoked(logger, stream.Channel, reason);
        if (stream.Phase == StreamPhase.Subscribing) Leave(stream, stream.Phase);
        stream.Deliver(new ChannelRevoked(reason));
        End(stream, null);
    }

    private void End(ChannelStream stream, RealtimeException? error)
    {
        StopTimer(stream);
        _streams.Remove(stream.Channel);
        _asked.Remove(stream.RequestId);
        stream.Phase = StreamPhase.Ended;
        stream.First.TrySetException(error ?? _closed ?? new RealtimeException(ClientErrorCodes.Closed, "The subscription was ended."));
        _ = stream.First.Task.Exception; // Its caller may have stopped waiting.
        stream.Room?.TrySetResult();
        stream.Buffer.Complete(error);
    }

    private async Task FillAsync(ChannelStream stream)
    {
        Log.Filling(logger, stream.Channel);
        try
        {
            while (await FillPageAsync(stream).ConfigureAwait(false))
            {
            }
        }
        catch (Exception e) when (e is RealtimeException or TimeoutException)
        {
            lock (_gate)
                if (stream.Phase == StreamPhase.Filling) AskLater(stream, TimeSpan.Zero);
        }
    }

    private async Task<bool> FillPageAsync(ChannelStream stream)
    {
        var reply = await requests.SendAsync<HistoryFrame>(
            (output, id) => ClientMessageRequests.History(
                output, id, stream.Channel, null, stream.Fold.Sequence, null, ProtocolConstants.MaxPageSize),
            repeat: true, CancellationToken.None).ConfigureAwait(false);
        Task room;
        lock (_gate)
        {
            if (stream.Phase != StreamPhase.Filling) return false;
            stream.ApplyHistory(reply.Messages);
            if (!reply.More || reply.Messages.Count == 0)
            {
                Ask(stream);
                return false;
            }

            stream.Room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!stream.Buffer.IsFull || stream.Buffer.HasRoom) stream.Room.TrySetResult();
            room = stream.Room.Task;
        }

        await room.ConfigureAwait(false);
        return true;
    }

    private static void StopTimer(ChannelStream stream)
    {
        stream.Timer?.Dispose();
        stream.Timer = null;
    }
}
