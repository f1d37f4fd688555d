using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Inboxes;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Transports;

namespace RealtimeKit.Requests;

/// <summary>Serves the transports' connections, each from its opening to its end.</summary>
internal sealed class ConnectionHandler(
    SessionRegistry sessions, UserSessions users, UserWatchers watchers, NodeClock clock, WriteTurns turns, RealtimeMetrics metrics, CatchUpReader catchUps,
    Subscriptions subscriptions, InboxIndex inboxes, RequestDispatcher dispatcher, Audit audit, SessionLog log) : IConnectionHandler
{
    private readonly Action<Subscription> _startCatchUp = catchUps.Start;
    private readonly MessageHandler _handler = dispatcher.HandleMessageAsync;
    private Action<Session>? _ended;

    public bool IsAccepting => sessions.IsAccepting;

    public Task HandleAsync(ITransportConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var arrival = turns.WaitToArriveAsync();
        return arrival.IsCompleted ? ServeAsync(connection, cancellationToken) : ServeLaterAsync(connection, arrival, cancellationToken);
    }

    private async Task ServeLaterAsync(ITransportConnection connection, Task arrival, CancellationToken cancellationToken)
    {
        await arrival.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested) await ServeAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    // Not async, so that an idle connection keeps the state of one method less.
    private Task ServeAsync(ITransportConnection connection, CancellationToken cancellationToken)
    {
        var session = new Session(
            connection, Guid.NewGuid().ToString("N"), clock, turns, metrics, _startCatchUp, subscriptions, _handler, audit, log);
        sessions.Add(session);
        if (!sessions.IsAccepting) session.Close(CloseCode.GoingAway, "The node is going away.");
        return session.RunAsync(_ended ??= Remove, cancellationToken);
    }

    private void Remove(Session session)
    {
        sessions.Remove(session);
        if (session.Inbox is { } inbox) inboxes.End(inbox);
        if (!session.IsSignedIn) return;
        users.Remove(session);
        watchers.Remove(session);
        var close = session.Output.Closing;
        audit.Disconnected(session.User, session.Id, close?.Code, close?.Reason);
    }
}
