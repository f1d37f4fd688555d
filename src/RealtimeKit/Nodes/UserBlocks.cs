using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes who blocks whom, and notifies the nodes of rights that are taken by it, and of mentions that count no more, or again.</summary>
internal sealed class UserBlocks(IChannelStore channels, AccessNotices access, RowNotices rows)
{
    /// <summary>Applies a change.</summary>
    public async ValueTask<BlockResult> ApplyAsync(BlockChange change, CancellationToken cancellationToken)
    {
        var result = await channels.BlockAsync(change, cancellationToken).ConfigureAwait(false);
        // A lost answer needs no recheck: the revision has risen with the block, and a block ends no subscription.
        if (result.Channel is { } channel) access.Changed(channel, change.Other, null);
        foreach (var recounted in result.Recounted) rows.Changed(recounted, change.User);
        return result;
    }
}
