using System.Diagnostics;
using System.Security.Claims;
using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Inboxes;
using RealtimeKit.Presence;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Sessions;

/// <summary>Handles one message of a client, which may hold several frames.</summary>
internal delegate ValueTask MessageHandler(Session session, ReadOnlyMemory<byte> message);

/// <summary>
/// One client's connection from its opening to its end. Requests are handled one after another, so that those of one
/// channel take effect in their order; only publishes are under way many at a time.
/// </summary>
internal sealed class Session : IReader
{
    /// <summary>How long a peer may take to read the last of what it was sent.</summary>
    public static readonly TimeSpan CloseGracePeriod = TimeSpan.FromSeconds(5);

    // Enough for the sign-in, and for a too large frame to be answered.
    private const int MostBytesBeforeSignIn = 2 * ProtocolConstants.MaxFrameBytes;

    // Far more than a client sends before it reads the first error, over and over.
    private const int MostTooFast = 1_000;
    private const long TooFastMilliseconds = 60_000;

    private readonly ITransportConnection _connection;
    private readonly NodeClock _clock;
    private readonly Subscriptions _subscriptions;
    private readonly MessageHandler _handler;
    private readonly SessionLog _log;
    private readonly CancellationTokenSource _ended = new();
    private ConnectedUser? _user;
    private volatile bool _handling;
    private int _answering;
    private int _leaving;
    private int _tooFast;
    private long _tooFastSince;
    private bool _signInRefused;

    /// <param name="connection">The transport's connection.</param>
    /// <param name="id">Its name, unique among all nodes.</param>
    /// <param name="clock">The node's time.</param>
    /// <param name="turns">The order in which connections write.</param>
    /// <param name="metrics">Where deliveries are counted.</param>
    /// <param name="startCatchUp">Begins to read what a subscription is behind.</param>
    /// <param name="subscriptions">Takes subscriptions out of their channels.</param>
    /// <param name="handler">Handles the client's messages.</param>
    /// <param name="audit">Where refusals are audited.</param>
    /// <param name="log">Where failures of the connection are logged.</param>
    public Session(
        ITransportConnection connection, string id, NodeClock clock, WriteTurns turns, RealtimeMetrics metrics, Action<Subscription> startCatchUp,
        Subscriptions subscriptions, MessageHandler handler, Audit audit, SessionLog log)
    {
        (_connection, _clock, _subscriptions, _handler, Audit, _log) = (connection, clock, subscriptions, handler, audit, log);
        Id = id;
        Output = new SessionOutput(connection, clock, turns, metrics, startCatchUp, this);
        Channels = new SessionChannels(subscriptions);
        Outstanding = new OutstandingAppends();
        Refusals = new Refusals(Output, Outstanding, clock);
        Started = LastHeard = LastRequest = Now;
    }

    public string Id { get; }

    public SessionOutput Output { get; }

    public Audit Audit { get; }

    public SessionChannels Channels { get; }

    /// <summary>The publishes that were refused for now, and what goes with them.</summary>
    public Refusals Refusals { get; }

    /// <summary>The publishes that are on their way into the store.</summary>
    public OutstandingAppends Outstanding { get; }

    /// <summary>The inbox, if one is open. The receive loop alone changes it.</summary>
    public Inbox? Inbox { get; set; }

    /// <summary>Who the transport says is at the other end, until the sign-in has used it.</summary>
    public ITransportConnection Connection => _connection;

    /// <summary>The user; empty before the sign-in.</summary>
    public string User => _user?.Name ?? "";

    public bool IsSignedIn => _user is not null;

    /// <summary>Whether the sign-in rests on the transport's principal, which cannot be refreshed here.</summary>
    public bool ByPrincipal { get; private set; }

    /// <summary>The user's claims, where the authenticator gave them.</summary>
    public ClaimsPrincipal? Principal { get; set; }

    /// <summary>When the sign-in ends.</summary>
    public DateTimeOffset? Expires { get; set; }

    /// <summary>The node's coarse clock, in milliseconds.</summary>
    public long Now => _clock.Now;

    public long Started { get; }

    public long LastHeard { get; private set; }

    /// <summary>When the user last did something, as opposed to the client.</summary>
    public long LastRequest { get; private set; }

    /// <summary>Whether a request is being handled: the client waits for its answer and may be silent.</summary>
    public bool IsHandling => _handling;

    public bool IsAway => _user is { IsAway: true };

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Ended => _ended.Token;

    public void SignIn(SignIn signIn, bool byPrincipal)
    {
        Expires = signIn.Expires;
        ByPrincipal = byPrincipal;
        Principal = signIn.Principal;
        _user = new ConnectedUser(signIn.User);
    }

    /// <summary>Notes that the sign-in was refused: what was sent behind it gets the same, then the connection is closed.</summary>
    public void RefuseSignIn() => _signInRefused = true;

    public bool IsSignInRefused => _signInRefused;

    public void Close(CloseCode code, string reason) => Output.Close(code, reason);

    /// <summary>Sends the client the error that it is closed for, then closes.</summary>
    public void Close(CloseCode code, string errorCode, string message) => Output.Close(code, errorCode, message);

    /// <summary>Makes a subscription of this session's user, which is signed in.</summary>
    public Subscription NewSubscription(LocalChannel channel, ChannelPosition cursor) =>
        new(_user!, Output, channel, cursor, this);

    /// <summary>Ends a subscription that the client may not have any more.</summary>
    public void Revoke(Subscription subscription, string reason)
    {
        Channels.Forget(subscription.Channel.Name);
        if (!Channels.Remove(subscription)) return;
        using var reply = Output.Open();
        ServerEvents.Revoked(reply.Buffer, subscription.Channel.Name, reason);
    }

    /// <summary>Notes that the user fell idle, or is idle no more.</summary>
    public void SetAway(bool away)
    {
        if (_user is null) return;
        _user.IsAway = away;
        _subscriptions.NoteAway(Channels.List());
    }

    /// <summary>Whether the node goes away and nothing more is received.</summary>
    public bool IsLeaving => Volatile.Read(ref _leaving) == 1;

    /// <summary>The node goes away: what was received is answered, nothing more is received, and then the connection is closed.</summary>
    public void Leave()
    {
        Interlocked.Exchange(ref _leaving, 1);
        // Either this thread sees that a message is being answered, or the receive loop sees that the session leaves.
        if (Interlocked.CompareExchange(ref _answering, 0, 0) == 0) _ = CloseAnsweredAsync();
    }

    /// <summary>The connection is lost: ends it.</summary>
    public void Lose(Exception exception)
    {
        _log.ConnectionLost(exception, Id);
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
            // A failing transport must not keep the session from ending.
            _log.AbortFailed(exception, Id);
        }

        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The session has ended meanwhile.
        }
    }

    /// <summary>Receives and handles messages until the connection ends, and then sends the last of what is to be sent.</summary>
    /// <param name="ended">What else ends with it.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    public async Task RunAsync(Action<Session> ended, CancellationToken cancellationToken)
    {
        // A connection is long: each message starts a trace of its own instead of joining the upgrade's.
        Activity.Current = null;
        var buffer = new FrameBuffer();
        await using var stop = cancellationToken.UnsafeRegister(static session => ((Session)session!).Abort(), this).ConfigureAwait(false);
        try
        {
            // One loop instead of a method per message, which would allocate its state for each message that is waited for.
            while (true)
            {
                // Without a token, which would cost a registration per message: an abort ends the wait.
                var receiving = _connection.ReceiveAsync(buffer, MostBytes, CancellationToken.None);
                var waited = !receiving.IsCompleted;
                if (waited && _signInRefused) Close(CloseCode.Unauthenticated, "The sign-in was refused.");
                var received = await receiving.ConfigureAwait(false);
                LastHeard = Now;
                if (waited) Refusals.ExpireWhenQuiet();
                if (received != ReceiveResult.Message)
                {
                    CloseFor(received);
                    break;
                }

                Interlocked.Exchange(ref _answering, 1);
                if (!IsLeaving && !Output.IsClosing) await _handler(this, buffer.WrittenMemory).ConfigureAwait(false);
                Interlocked.Exchange(ref _answering, 0);
                if (IsLeaving) await CloseAnsweredAsync().ConfigureAwait(false);
                buffer.Dispose();
                // A ready answer does not wait for a turn.
                Output.WriteAnswers();
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            _log.ConnectionLost(exception, Id);
        }
        catch (Exception exception)
        {
            _log.SessionFailed(exception, Id);
            Close(CloseCode.Internal, ErrorCodes.Internal, "The server failed on this connection.");
        }
        finally
        {
            buffer.Dispose();
            Channels.RemoveAll();
            ended(this);
            await CompleteAsync().ConfigureAwait(false);
        }
    }

    private int MostBytes => IsSignedIn ? ProtocolConstants.MaxMessageBytes : MostBytesBeforeSignIn;

    private void CloseFor(ReceiveResult received)
    {
        if (received == ReceiveResult.TooBig)
            Close(CloseCode.MessageTooBig, ErrorCodes.TooLarge, $"A message may have at most {MostBytes} bytes{(IsSignedIn ? "" : " before the sign-in")}.");
        else if (received == ReceiveResult.Binary)
            Close(CloseCode.Binary, "Frames are text.");
    }

    private async Task CloseAnsweredAsync()
    {
        await Outstanding.DrainedAsync().ConfigureAwait(false);
        Close(CloseCode.GoingAway, "The node is going away.");
    }

    /// <summary>Waits for a request to be handled; meanwhile the client is not expected to send anything.</summary>
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

    /// <summary>Counts a request that came too soon, and closes where the client takes no notice.</summary>
    public void NoteTooFast()
    {
        if (Now - _tooFastSince > TooFastMilliseconds) (_tooFastSince, _tooFast) = (Now, 0);
        if (++_tooFast > MostTooFast)
            Close(CloseCode.LimitsAbused, ErrorCodes.TooMany, $"More than {MostTooFast} requests in a minute came too soon: wait for 'retryAfter'.");
    }

    /// <summary>Notes that the user did something.</summary>
    public void NoteRequest()
    {
        LastRequest = Now;
        if (IsAway) SetAway(false);
    }

    // Waits until the last of what was sent is written, or the peer takes too long.
    private async Task CompleteAsync()
    {
        var completing = Output.CompleteAsync();
        try
        {
            await completing.WaitAsync(CloseGracePeriod, _clock.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A peer that neither reads nor disconnects is not waited for.
            _connection.Abort();
            await completing.ConfigureAwait(false);
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        _ended.Dispose();
    }
}
