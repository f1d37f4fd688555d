using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Who is in a channel, over all nodes.</summary>
internal static class PresencePicture
{
    // A node that does not answer by then is left out; its word comes with the next heartbeat. An answer that was lost is
    // waited for once, not by everybody who asks later.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static async ValueTask<IReadOnlyList<PresentUser>> ReadAsync(RealtimeNode node, string channel, CancellationToken cancellationToken)
    {
        if (node.Link is null) return node.LocalChannels.Find(channel)?.Presence.List() ?? [];
        // Served for a moment where it is not: only then the others tell who is there.
        var local = await node.LocalChannels.AcquireAsync(channel, cancellationToken).ConfigureAwait(false);
        try
        {
            if (local.RollCall is { Done.IsCompleted: false } rollCall)
            {
                var left = Patience - node.Time.GetElapsedTime(rollCall.Began);
                if (left > TimeSpan.Zero) await rollCall.Done.WaitAsync(left, node.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                // From here on it would be news.
                rollCall.End();
            }

            return local.Presence.List();
        }
        finally
        {
            node.LocalChannels.Release(local);
        }
    }
}
