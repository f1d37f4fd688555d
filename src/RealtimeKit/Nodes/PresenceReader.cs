using RealtimeKit.Delivery;
using RealtimeKit.Protocol;

namespace RealtimeKit.Nodes;

/// <summary>Who is in a channel, over all nodes.</summary>
internal sealed class PresenceReader(LocalChannels channels, bool hasOtherNodes, TimeProvider time)
{
    // A node that does not answer by then is left out; its users come with its next heartbeat. A lost answer is waited for
    // once, not by every later reader.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async ValueTask<IReadOnlyList<PresentUser>> ReadAsync(string channel, CancellationToken cancellationToken)
    {
        if (!hasOtherNodes) return channels.Find(channel)?.Presence.List() ?? [];
        // Acquired for a moment: only for a served channel the other nodes are asked who is present.
        var local = await channels.AcquireAsync(channel, cancellationToken).ConfigureAwait(false);
        try
        {
            if (local.RollCall is { Done.IsCompleted: false } rollCall)
            {
                var left = Patience - time.GetElapsedTime(rollCall.Began);
                if (left > TimeSpan.Zero) await rollCall.Done.WaitAsync(left, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                // A later answer counts as a change.
                rollCall.End();
            }

            return local.Presence.List();
        }
        finally
        {
            channels.Release(local);
        }
    }
}
