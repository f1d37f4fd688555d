using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Lets clients go when the node stops: tells them to connect elsewhere, serves them meanwhile, then closes the rest.</summary>
internal sealed class Drain(RealtimeNode node)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    public async Task RunAsync()
    {
        var within = node.Options.DrainPeriod;
        foreach (var session in node.Sessions)
        {
            using var reply = session.Output.Open();
            ServerEvents.Reconnect(reply.Buffer, (long)within.TotalMilliseconds);
        }

        await WaitAsync(within).ConfigureAwait(false);
        await Task.WhenAll(node.Sessions.Select(CloseAsync)).ConfigureAwait(false);
        // A peer that does not answer the close is not waited for any longer.
        await WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
        foreach (var session in node.Sessions) session.Abort();
    }

    private static async Task CloseAsync(Session session)
    {
        await session.Outstanding.DrainedAsync().ConfigureAwait(false);
        session.Close(CloseCode.GoingAway, "The node is going away.");
    }

    private async Task WaitAsync(TimeSpan most)
    {
        var start = node.Time.GetTimestamp();
        while (node.Sessions.Count > 0 && node.Time.GetElapsedTime(start) < most) await Task.Delay(Step, node.Time).ConfigureAwait(false);
    }
}
