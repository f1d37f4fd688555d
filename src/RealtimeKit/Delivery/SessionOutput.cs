using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Delivery;

/// <summary>
/// What a connection has to send, and the sending of it. Replies and signals wait in a small buffer; events wait in the
/// tails of their channels, and only the fact that there are some is noted here. Whoever notes something starts the
/// writing unless it is under way; while one write is under way the next one gathers.
/// </summary>
internal sealed class SessionOutput(
    ITransportConnection connection, NodeClock clock, WriteTurns turns, RealtimeMetrics metrics, Action<Subscription> startCatchUp, IReader reader) : IWriter
{
    // Under load a socket takes this with one call, which costs about the same for a tenth of it. A peer that does not read holds as much.
    private const int WriteBytes = 48 * 1_024;

    // A pipe that is full is emptied as soon as the sockets have their turn.
    private static readonly TimeSpan LongestBlock = TimeSpan.FromMilliseconds(500);

    private const int SignalBacklog = 64 * 1_024;
    private const int ReplyBacklog = 256 * 1_024;

    private readonly Lock _gate = new();
    private FrameBuffer _replies = new();
    private FrameBuffer _sending = new();
    private Subscription? _firstMoved;
    private Subscription? _lastMoved;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _ended;
    private (CloseCode Code, string Reason)? _close;
    private bool _writing;
    private volatile bool _hasTurn;
    private bool _lost;
    private int _refusalsNoted;
    private int _refusalsTaken;
    private long _written;
    private long _blockedAt;

    /// <inheritdoc/>
    public long AskedAt { get; set; }

    /// <summary>When something was last sent, on the node's coarse clock.</summary>
    public long LastSent { get; private set; }

    /// <summary>When closing began, on the node's coarse clock; 0 while it has not.</summary>
    public long ClosingSince { get; private set; }

    public bool IsClosing => ClosingSince != 0;

    /// <summary>Whether the socket has taken no bytes for a while, as against one that takes them as fast as it gets them.</summary>
    public bool IsStuck => Volatile.Read(ref _blockedAt) is not 0 and var since && clock.Time.GetElapsedTime(since) > LongestBlock;

    /// <summary>Opens the reply buffer for writing frames; disposing of the scope sends them.</summary>
    public Scope Open()
    {
        _gate.Enter();
        return new Scope(this);
    }

    /// <summary>Sends signals, given in one part or two; they may be lost.</summary>
    public void Signal(ReadOnlySpan<byte> frames, ReadOnlySpan<byte> more = default)
    {
        lock (_gate)
        {
            // A signal may be lost, so none is kept for a client that does not read.
            if ((frames.IsEmpty && more.IsEmpty) || _lost || IsClosing || _replies.Length > SignalBacklog) return;
            _replies.Append(frames);
            _replies.Append(more);
            Schedule();
        }
    }

    /// <summary>Notes that a channel has something for this connection.</summary>
    public void Wake(Subscription subscription)
    {
        lock (_gate)
        {
            if (subscription.Ended || _lost) return;
            subscription.MarkedAt = metrics.DeliveryStarts;
            Enqueue(subscription);
            Schedule();
        }
    }

    /// <summary>Notes that the reply just written refuses a publish.</summary>
    public void NoteRefusal() => _refusalsNoted++;

    /// <summary>Whether every refusal so far went into a write.</summary>
    public bool RefusalsAreWritten
    {
        get
        {
            lock (_gate) return _refusalsTaken == _refusalsNoted;
        }
    }

    /// <summary>How many pings were written so far; the client's pongs answer them in their order.</summary>
    public int Pings { get; private set; }

    /// <summary>When the last of them was written, on the node's coarse clock.</summary>
    public long LastPinged { get; private set; }

    /// <summary>Writes a ping into the open reply buffer and returns its number.</summary>
    public int Ping(FrameBuffer buffer)
    {
        LastPinged = clock.Now;
        ServerEvents.Ping(buffer);
        return ++Pings;
    }

    /// <summary>Why this node closes the connection; null while it does not.</summary>
    public (CloseCode Code, string Reason)? Closing
    {
        get
        {
            lock (_gate) return _close;
        }
    }

    /// <summary>Sends what is there, then closes; the first reason stays.</summary>
    public void Close(CloseCode code, string reason)
    {
        lock (_gate)
        {
            if (_close is not null) return;
            _close = (code, reason);
            ClosingSince = clock.Now;
            Schedule();
        }
    }

    /// <summary>Sends the client the error that it is closed for, then closes.</summary>
    public void Close(CloseCode code, string errorCode, string message)
    {
        if (!IsClosing)
            using (var reply = Open()) ServerReplies.Error(reply.Buffer, null, errorCode, message);
        Close(code, message);
    }

    /// <summary>Waits while too many replies are unsent: then the client does not read what it asked for.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_gate)
        {
            if (_replies.Length < ReplyBacklog || _lost) return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Whether few replies are unsent, so that more may be written without a wait.</summary>
    public bool HasRoom => WaitForRoomAsync().IsCompleted;

    /// <summary>
    /// Lets nothing new be written, and ends when what is under way has ended: the last replies and the close where there
    /// is one, else the present write.
    /// </summary>
    public Task CompleteAsync()
    {
        lock (_gate)
        {
            var isWriting = _writing || _hasTurn;
            if (_close is null || !isWriting) _lost = true;
            if (!isWriting) return Task.CompletedTask;
            _ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _ended.Task;
        }
    }

    /// <summary>Writes what waits to be written: it is this connection's turn.</summary>
    /// <returns>About how many bytes the socket took without a wait.</returns>
    public long Write()
    {
        lock (_gate)
        {
            _hasTurn = false;
            // Whoever writes answers at this moment asks for a turn again.
            if (_writing) return 0;
            _writing = true;
        }

        var before = _written;
        _ = WriteAsync(answersOnly: false);
        return _written - before;
    }

    /// <summary>
    /// Writes the replies that wait for this connection's turn. The events stay for the turn: nobody's overtake those of others.
    /// </summary>
    public void WriteAnswers()
    {
        // Most messages leave nothing to write at once, so they skip the lock.
        if (!_hasTurn) return;
        lock (_gate)
        {
            if (!_hasTurn || _writing || _replies.Length == 0 || _close is not null || _lost) return;
            _writing = true;
        }

        _ = WriteAsync(answersOnly: true);
    }

    private async Task WriteAsync(bool answersOnly)
    {
        try
        {
            (CloseCode Code, string Reason)? close;
            while (Gather(answersOnly, out close))
            {
                _written += _sending.Length;
                var sending = connection.SendAsync(_sending.WrittenMemory, CancellationToken.None);
                if (!sending.IsCompleted) Volatile.Write(ref _blockedAt, clock.Time.GetTimestamp());
                await sending.ConfigureAwait(false);
                _blockedAt = 0;
                _sending.Clear();
            }

            if (close is { } last)
            {
                await connection.CloseAsync(last.Code, last.Reason, CancellationToken.None).ConfigureAwait(false);
                EndWriting();
            }
        }
        catch (Exception exception)
        {
            // A failed write ends this connection only.
            EndWriting();
            reader.Lose(exception);
        }
    }

    /// <summary>Takes what is to be sent next; false where that is nothing, or nothing but the close.</summary>
    private bool Gather(bool answersOnly, out (CloseCode Code, string Reason)? close)
    {
        lock (_gate)
        {
            close = null;
            LastSent = clock.Now;
            (_replies, _sending) = (_sending, _replies);
            _refusalsTaken = _refusalsNoted;
            _room?.TrySetResult();
            _room = null;
            if (_close is null && !_lost && !answersOnly)
                GatherEvents(_sending);
            if (_sending.Length > 0 && !_lost) return true;
            _replies.Dispose();
            _sending.Dispose();
            if (_close is not null && !_lost)
            {
                // Still "writing", so that nothing follows the close.
                close = _close;
                return false;
            }

            _writing = false;
            // Its turn may have come while answers were written.
            if (_firstMoved is not null) Schedule();
            if (!_hasTurn) _ended?.TrySetResult();
            return false;
        }
    }

    private void GatherEvents(FrameBuffer buffer)
    {
        var (events, since) = (0L, 0L);
        while (buffer.Length < WriteBytes && Dequeue() is { } subscription)
        {
            var marked = subscription.MarkedAt;
            var taken = Gather(subscription, buffer);
            if (taken > 0 && since == 0) since = marked;
            events += taken;
        }

        metrics.Delivered(events, since);
    }

    private void EndWriting()
    {
        lock (_gate)
        {
            _lost = true;
            _writing = false;
            _replies.Dispose();
            _sending.Dispose();
            _room?.TrySetResult();
            _ended?.TrySetResult();
        }
    }

    /// <summary>Takes what a subscription has, and returns how many events that were.</summary>
    private long Gather(Subscription subscription, FrameBuffer buffer)
    {
        subscription.Unmark();
        if (subscription.Ended || subscription.Reading) return 0;
        var taken = 0L;
        if (subscription.Page is { } page)
        {
            buffer.Append(page.Frame.WrittenSpan);
            page.Frame.Dispose();
            subscription.Page = null;
            subscription.Cursor = Math.Max(subscription.Cursor, page.Cursor);
            subscription.CatchUp = page.Next;
        }

        if (subscription.CatchUp is null)
        {
            var cursor = subscription.Cursor;
            var result = subscription.Channel.Take(subscription, buffer, WriteBytes);
            taken = subscription.Cursor - cursor;
            switch (result)
            {
                case TakeResult.Level:
                    return taken;
                case TakeResult.HasMore:
                    if (subscription.TryMark()) Enqueue(subscription);
                    return taken;
                case TakeResult.BehindTail:
                    subscription.CatchUp = new CatchUp(subscription.Cursor);
                    break;
            }
        }

        subscription.Reading = true;
        startCatchUp(subscription);
        return taken;
    }

    /// <summary>Takes a page that was read for a subscription.</summary>
    public void Deliver(Subscription subscription, CatchUpPage page)
    {
        lock (_gate)
        {
            subscription.Reading = false;
            if (subscription.Ended || _lost)
            {
                page.Frame.Dispose();
                return;
            }

            subscription.Page = page;
            if (subscription.TryMark()) Enqueue(subscription);
            Schedule();
        }
    }

    /// <summary>Ends a subscription: nothing of it is written from here on.</summary>
    public void End(Subscription subscription)
    {
        lock (_gate)
        {
            subscription.Ended = true;
            subscription.Page?.Frame.Dispose();
            subscription.Page = null;
        }
    }

    private void Enqueue(Subscription subscription)
    {
        subscription.NextMoved = null;
        if (_lastMoved is null) _firstMoved = subscription;
        else _lastMoved.NextMoved = subscription;
        _lastMoved = subscription;
    }

    private Subscription? Dequeue()
    {
        var first = _firstMoved;
        if (first is null) return null;
        _firstMoved = first.NextMoved;
        first.NextMoved = null;
        if (_firstMoved is null) _lastMoved = null;
        return first;
    }

    private void Schedule()
    {
        if (_writing || _hasTurn || _lost) return;
        _hasTurn = true;
        turns.Enqueue(this);
    }

    /// <summary>The reply buffer, locked.</summary>
    public readonly ref struct Scope(SessionOutput output)
    {
        public FrameBuffer Buffer => output._replies;

        public void Dispose()
        {
            if (output._lost) output._replies.Clear();
            else output.Schedule();
            output._gate.Exit();
        }
    }
}
