using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Transports;

namespace RealtimeKit.Requests;

/// <summary>Serves the transports' connections, each from its opening to its end.</summary>
internal sealed class ConnectionHandler(
    SessionRegistry sessions, UserSessions users, NodeClock clock, WriteTurns turns, RealtimeMetrics metrics, CatchUpReader catchUps,
    Subscriptions subscriptions, RequestDispatcher dispatcher, SessionLog log) : IConnectionHandler
{
    private readonly Action<Subscription> _startCatchUp = catchUps.Start;
    private readonly MessageHandler _handler = dispatcher.HandleMessageAsync;

    public bool IsAccepting => sessions.IsAccepting;

    public async Task HandleAsync(ITransportConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await turns.WaitToArriveAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested) return;
        var session = new Session(
            connection, Guid.NewGuid().ToString("N"), clock, turns, metrics, _startCatchUp, subscriptions, _handler, log);
        sessions.Add(session);
        if (!sessions.IsAccepting) session.Close(CloseCode.GoingAway, "The node is going away.");
        try
        {
            await session.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            sessions.Remove(session);
            if (session.IsSignedIn) users.Remove(session);
            await session.CompleteAsync().ConfigureAwait(false);
        }
    }
}
