using RealtimeKit.Protocol;

namespace RealtimeKit.Sessions;

/// <summary>Drains the node when it stops: asks clients to connect elsewhere, serves them meanwhile, then closes the rest.</summary>
internal sealed class Drain(SessionRegistry sessions, RealtimeOptions options, TimeProvider time)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    // For answers that wait for the store, and then for peers that do not answer the close.
    private static readonly TimeSpan AnswerGracePeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseGracePeriod = TimeSpan.FromSeconds(1);

    public async Task RunAsync()
    {
        var within = options.DrainPeriod;
        // All at once, because each client chooses a random moment within the time.
        foreach (var session in sessions.All)
        {
            using var reply = session.Output.Open();
            ServerEvents.Reconnect(reply.Buffer, (long)within.TotalMilliseconds);
        }

        await WaitAsync(within, static sessions => sessions.Count == 0).ConfigureAwait(false);
        foreach (var session in sessions.All) session.Leave();
        await WaitAsync(AnswerGracePeriod, static sessions => sessions.All(session => session.Output.IsClosing)).ConfigureAwait(false);
        await WaitAsync(CloseGracePeriod, static sessions => sessions.Count == 0).ConfigureAwait(false);
        foreach (var session in sessions.All) session.Abort();
    }

    private async Task WaitAsync(TimeSpan most, Func<ICollection<Session>, bool> isDone)
    {
        var start = time.GetTimestamp();
        while (!isDone(sessions.All) && time.GetElapsedTime(start) < most) await Task.Delay(Step, time).ConfigureAwait(false);
    }
}
