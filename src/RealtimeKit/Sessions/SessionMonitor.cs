using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>
/// One timer for all sessions: pings connections that were silent in either direction, closes those that stay silent, that did
/// not sign in or whose sign-in has expired, and notes which users fell idle.
/// </summary>
internal sealed class SessionMonitor(SessionRegistry sessions, NodeClock clock, RealtimeOptions options, SessionLog log)
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);

    // A later tick means that the process was paused, as on a suspended machine.
    private static readonly TimeSpan ShortestStop = TimeSpan.FromSeconds(3);

    private long _resumedAt = clock.Now;

    private TimeSpan Interval => TimeSpan.FromTicks(Math.Min(LongestTick.Ticks, options.Heartbeat.Ticks / 10));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, clock.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                var last = clock.Now;
                clock.Tick();
                // A paused process received nothing, and what clients sent still waits to be read: silence counts from now.
                if (clock.Now - last > ShortestStop.TotalMilliseconds) _resumedAt = clock.Now;
                var time = clock.Time.GetUtcNow();
                foreach (var session in sessions.All) TryCheck(session, time);
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
            // The failure of one session must not stop the others from being pinged and timed out.
            log.HousekeepingFailed(exception, session.Id);
        }
    }

    private void Check(Session session, DateTimeOffset time)
    {
        var now = clock.Now;
        var heartbeat = (long)options.Heartbeat.TotalMilliseconds;
        if (session.Output.IsClosing)
        {
            if (now - session.Output.ClosingSince > Session.CloseGracePeriod.TotalMilliseconds) session.Abort();
        }
        else if (!session.IsSignedIn)
        {
            if (now - Math.Max(session.Started, _resumedAt) > options.ConnectTimeout.TotalMilliseconds)
                session.Close(CloseCode.Unauthenticated, ErrorCodes.Unauthenticated, "No sign-in came in time: send 'connect' first.");
        }
        else if (session.Expires <= time)
        {
            session.Close(CloseCode.Unauthenticated, ErrorCodes.Unauthenticated, "The sign-in has expired.");
        }
        else if (!session.IsHandling && now - Math.Max(session.LastHeard, _resumedAt) >= 2 * heartbeat)
        {
            session.Close(CloseCode.Silent, "Nothing arrived for two heartbeats.");
            // A peer that is gone does not take the close either. The others see the user leave now.
            session.Channels.RemoveAll();
        }
        else
        {
            // One tick early, so that a silence never exceeds the heartbeat that clients were given. A client that only reads is
            // pinged as well.
            var quiet = now - Math.Min(session.Output.LastSent, Math.Max(session.LastHeard, session.Output.LastPinged));
            if (quiet > heartbeat - 2 * Interval.TotalMilliseconds) Ping(session);
            if (!session.IsAway && IsIdle(session, now))
            {
                session.SetAway(true);
                // The user may have acted in between, without seeing the away flag.
                if (!IsIdle(session, now)) session.SetAway(false);
            }
        }
    }

    private bool IsIdle(Session session, long now) => now - session.LastRequest > options.AwayAfter.TotalMilliseconds;

    private static void Ping(Session session)
    {
        using var reply = session.Output.Open();
        session.Output.Ping(reply.Buffer);
    }
}
