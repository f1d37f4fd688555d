using System.Diagnostics;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// One client's connection from its opening to its end. Requests are handled one after another, so that those of one
/// channel take effect in their order; only publishes are under way many at a time.
/// </summary>
internal sealed class Session
{
    /// <summary>How long a peer may take to read the last of what it was sent.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly ITransportConnection _connection;
    private readonly CancellationTokenSource _ended = new();
    private volatile bool _handling;
    private volatile bool _away;
    private int _answering;
    private int _leaving;
    private bool _signInRefused;

    public Session(RealtimeNode node, ITransportConnection connection, string id)
    {
        Node = node;
        _connection = connection;
        Id = id;
        Output = new SessionOutput(this, connection, node.CatchUps);
        Channels = new SessionChannels(this);
        Outstanding = new OutstandingAppends();
        Refusals = new Refusals(this);
        Started = LastHeard = LastRequest = Now;
    }

    public RealtimeNode Node { get; }

    public string Id { get; }

    public SessionOutput Output { get; }

    public SessionChannels Channels { get; }

    /// <summary>The publishes that were refused for now, and what goes with them.</summary>
    public Refusals Refusals { get; }

    /// <summary>The publishes that are on their way into the store.</summary>
    public OutstandingAppends Outstanding { get; }

    /// <summary>Who the transport says is at the other end, until the sign-in has used it.</summary>
    public ITransportConnection Connection => _connection;

    /// <summary>The user; empty before the sign-in.</summary>
    public string User { get; private set; } = "";

    public bool IsSignedIn => User.Length > 0;

    /// <summary>Whether the sign-in rests on the transport's principal, which cannot be refreshed here.</summary>
    public bool ByPrincipal { get; private set; }

    /// <summary>When the sign-in ends.</summary>
    public DateTimeOffset? Expires { get; set; }

    /// <summary>The node's coarse clock, in milliseconds.</summary>
    public long Now => Node.Now;

    public long Started { get; }

    public long LastHeard { get; private set; }

    /// <summary>When the user last did something, as opposed to the client.</summary>
    public long LastRequest { get; private set; }

    /// <summary>Whether the client is being answered, and so cannot be blamed for silence.</summary>
    public bool IsHandling => _handling;

    public bool IsAway
    {
        get => _away;
        set => _away = value;
    }

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Ended => _ended.Token;

    public void SignIn(SignIn signIn, bool byPrincipal)
    {
        Expires = signIn.Expires;
        ByPrincipal = byPrincipal;
        User = signIn.User;
    }

    /// <summary>Notes that the sign-in was refused: what was sent behind it gets the same, then the connection is closed.</summary>
    public void RefuseSignIn() => _signInRefused = true;

    public bool IsSignInRefused => _signInRefused;

    public void SendSignal(ReadOnlySpan<byte> frame) => Output.Signal(frame);

    public void Wake(Subscription subscription) => Output.Wake(subscription);

    public void Close(CloseCode code, string reason) => Output.Close(code, reason, Now);

    /// <summary>Tells the client what it is about to be closed for, then closes.</summary>
    public void Close(CloseCode code, string errorCode, string message)
    {
        if (!Output.IsClosing)
            using (var reply = Output.Open()) ServerReplies.Error(reply.Buffer, null, errorCode, message);
        Close(code, message);
    }

    /// <summary>Ends a subscription that the client may not have any more.</summary>
    public void Revoke(Subscription subscription, string reason)
    {
        if (!Channels.Remove(subscription)) return;
        using var reply = Output.Open();
        ServerEvents.Revoked(reply.Buffer, subscription.Channel.Name, reason);
    }

    /// <summary>Whether the node goes away and nothing more is received.</summary>
    public bool IsLeaving => Volatile.Read(ref _leaving) == 1;

    /// <summary>The node goes away: what was received is answered, nothing more is received, and then the connection is closed.</summary>
    public void Leave()
    {
        Interlocked.Exchange(ref _leaving, 1);
        // Either this sees that a message is being answered, or the one that begins to sees that it came too late.
        if (Interlocked.CompareExchange(ref _answering, 0, 0) == 0) _ = CloseAnsweredAsync();
    }

    /// <summary>The connection is lost: ends it.</summary>
    public void Lose(Exception exception)
    {
        Node.Log.ConnectionLost(exception, Id);
        Abort();
    }

    public void Abort()
    {
        try
        {
            _connection.Abort();
        }
        catch (Exception exception)
        {
            // The transport's failure keeps nobody waiting here.
            Node.Log.AbortFailed(exception, Id);
        }

        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // A connection lives long: each message is a trace of its own, not a part of the upgrade's.
        Activity.Current = null;
        var buffer = new FrameBuffer();
        await using var stop = cancellationToken.UnsafeRegister(static session => ((Session)session!).Abort(), this).ConfigureAwait(false);
        try
        {
            // One loop and no method for each message, whose state would have to be kept for each that is waited for.
            while (true)
            {
                // Without a token, which would cost a registration for each message: an abort ends the wait.
                var receiving = _connection.ReceiveAsync(buffer, CancellationToken.None);
                var waited = !receiving.IsCompleted;
                if (waited && _signInRefused) Close(CloseCode.Unauthenticated, "The sign-in was refused.");
                var received = await receiving.ConfigureAwait(false);
                LastHeard = Now;
                if (waited) Refusals.Tire();
                if (received != ReceiveResult.Message)
                {
                    CloseFor(received);
                    break;
                }

                Interlocked.Exchange(ref _answering, 1);
                if (!IsLeaving && !Output.IsClosing) await Node.Requests.HandleMessageAsync(this, buffer.WrittenMemory).ConfigureAwait(false);
                Interlocked.Exchange(ref _answering, 0);
                if (IsLeaving) await CloseAnsweredAsync().ConfigureAwait(false);
                buffer.Dispose();
                // An answer that is ready does not wait for its turn.
                Output.Write();
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            Node.Log.ConnectionLost(exception, Id);
        }
        catch (Exception exception)
        {
            Node.Log.SessionFailed(exception, Id);
            Close(CloseCode.Internal, ErrorCodes.Internal, "The server failed on this connection.");
        }
        finally
        {
            buffer.Dispose();
            await EndAsync().ConfigureAwait(false);
        }
    }

    private void CloseFor(ReceiveResult received)
    {
        if (received == ReceiveResult.TooBig)
            Close(CloseCode.MessageTooBig, ErrorCodes.TooLarge, $"A message may have at most {ProtocolConstants.MaxMessageBytes} bytes.");
        else if (received == ReceiveResult.Binary)
            Close(CloseCode.Binary, "Frames are text.");
    }

    private async Task CloseAnsweredAsync()
    {
        await Outstanding.DrainedAsync().ConfigureAwait(false);
        Close(CloseCode.GoingAway, "The node is going away.");
    }

    /// <summary>Waits for a request to be handled; meanwhile the client is not expected to say anything.</summary>
    public ValueTask<bool> HandleAsync(ValueTask<bool> handling)
    {
        return handling.IsCompletedSuccessfully ? handling : WaitAsync(handling);

        async ValueTask<bool> WaitAsync(ValueTask<bool> waited)
        {
            _handling = true;
            try
            {
                return await waited.ConfigureAwait(false);
            }
            finally
            {
                _handling = false;
                LastHeard = Now;
            }
        }
    }

    /// <summary>Notes that the user did something.</summary>
    public void NoteRequest()
    {
        LastRequest = Now;
        if (IsAway) Node.SetAway(this, false);
    }

    private async Task EndAsync()
    {
        Channels.RemoveAll();
        Node.Remove(this);
        var completing = Output.CompleteAsync();
        try
        {
            await completing.WaitAsync(LastWords, Node.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A peer who neither reads nor goes away is not waited for.
            _connection.Abort();
            await completing.ConfigureAwait(false);
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        _ended.Dispose();
    }
}
