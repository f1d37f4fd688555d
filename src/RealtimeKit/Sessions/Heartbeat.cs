using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// One timer for all sessions: pings those to whom nothing was sent or from whom nothing was heard, closes those who stay
/// silent, who did not sign in or whose sign-in has expired, and notes who fell idle.
/// </summary>
internal sealed class Heartbeat(RealtimeNode node)
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);

    // A tick that comes later than this: the process was stopped, as a suspended machine is.
    private static readonly TimeSpan ShortestStop = TimeSpan.FromSeconds(3);

    private readonly RealtimeOptions _options = node.Options;
    private long _wokeAt = node.Now;

    private TimeSpan Interval => TimeSpan.FromTicks(Math.Min(LongestTick.Ticks, _options.Heartbeat.Ticks / 10));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, node.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                var last = node.Now;
                node.Tick();
                // While it was stopped the node heard nobody, and what they said waits to be read: their silence begins now.
                if (node.Now - last > ShortestStop.TotalMilliseconds) _wokeAt = node.Now;
                var time = node.Time.GetUtcNow();
                foreach (var session in node.Sessions) TryCheck(session, time);
                node.Users.Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    private void TryCheck(Session session, DateTimeOffset time)
    {
        try
        {
            Check(session, time);
        }
        catch (Exception exception)
        {
            // One session's trouble is not the others': they are to be pinged and timed out all the same.
            node.Log.CheckFailed(exception, session.Id);
        }
    }

    private void Check(Session session, DateTimeOffset time)
    {
        var now = node.Now;
        var heartbeat = (long)_options.Heartbeat.TotalMilliseconds;
        if (session.Output.IsClosing)
        {
            if (now - session.Output.ClosingSince > Session.LastWords.TotalMilliseconds) session.Abort();
        }
        else if (!session.IsSignedIn)
        {
            if (now - Math.Max(session.Started, _wokeAt) > _options.ConnectTimeout.TotalMilliseconds)
                session.Close(CloseCode.Unauthenticated, ErrorCodes.Unauthenticated, "No sign-in came in time: send 'connect' first.");
        }
        else if (session.Expires <= time)
        {
            session.Close(CloseCode.Unauthenticated, ErrorCodes.Unauthenticated, "The sign-in has expired.");
        }
        else if (!session.IsHandling && now - Math.Max(session.LastHeard, _wokeAt) >= 2 * heartbeat)
        {
            session.Close(CloseCode.Silent, "Nothing was heard for two heartbeats.");
            // A peer that is gone does not take the close either; the others need not wait for that to learn it.
            session.Channels.RemoveAll();
        }
        else
        {
            // One tick early, so that the silence never lasts longer than was told. Whoever reads a busy channel and says nothing
            // is asked as well.
            var quiet = now - Math.Min(session.Output.LastSent, Math.Max(session.LastHeard, session.Output.LastPinged));
            if (quiet > heartbeat - 2 * Interval.TotalMilliseconds) Ping(session);
            if (!session.IsAway && IsIdle(session, now))
            {
                node.SetAway(session, true);
                // It may have done something in between, and not have seen that it was away.
                if (!IsIdle(session, now)) node.SetAway(session, false);
            }
        }
    }

    private bool IsIdle(Session session, long now) => now - session.LastRequest > _options.AwayAfter.TotalMilliseconds;

    private static void Ping(Session session)
    {
        using var reply = session.Output.Open();
        session.Output.Ping(reply.Buffer);
    }
}
