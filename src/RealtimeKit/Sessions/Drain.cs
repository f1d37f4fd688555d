using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Lets clients go when the node stops: tells them to connect elsewhere, serves them meanwhile, then closes the rest.</summary>
internal sealed class Drain(RealtimeNode node)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    // For answers that the store keeps waiting, and then for peers that do not answer the close.
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastCloses = TimeSpan.FromSeconds(1);

    public async Task RunAsync()
    {
        var within = node.Options.DrainPeriod;
        // All at once: each client chooses a moment of its own within the time.
        foreach (var session in node.Sessions)
        {
            using var reply = session.Output.Open();
            ServerEvents.Reconnect(reply.Buffer, (long)within.TotalMilliseconds);
        }

        await WaitAsync(within, static sessions => sessions.Count == 0).ConfigureAwait(false);
        foreach (var session in node.Sessions) session.Leave();
        await WaitAsync(LastAnswers, static sessions => sessions.All(session => session.Output.IsClosing)).ConfigureAwait(false);
        await WaitAsync(LastCloses, static sessions => sessions.Count == 0).ConfigureAwait(false);
        foreach (var session in node.Sessions) session.Abort();
    }

    private async Task WaitAsync(TimeSpan most, Func<ICollection<Session>, bool> isDone)
    {
        var start = node.Time.GetTimestamp();
        while (!isDone(node.Sessions) && node.Time.GetElapsedTime(start) < most) await Task.Delay(Step, node.Time).ConfigureAwait(false);
    }
}
