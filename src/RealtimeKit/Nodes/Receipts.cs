using System.Text;
using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>
/// Moves read marks, and sends the signal <c>read</c>: to all subscribers of a direct channel and of one with few members, otherwise to the
/// reader's other connections. Safe for concurrent use.
/// </summary>
internal sealed class Receipts(
    IChannelStore channels, LocalChannels local, SessionAccess rights, RowNotices rows, Distributor distributor, NodeClock clock, RealtimeOptions options)
{
    /// <summary>Moves a user's mark forward.</summary>
    /// <param name="view">The channel as the user sees it.</param>
    /// <param name="user">The user.</param>
    /// <param name="sequence">The message up to which the user has read.</param>
    /// <param name="except">The connection that does not receive the signal, if any.</param>
    /// <param name="cancellationToken">Ends the wait; the mark may still move.</param>
    /// <returns>The mark; null where the channel does not exist.</returns>
    public async ValueTask<ReadMark?> MoveAsync(ChannelView view, string user, long sequence, SessionOutput? except, CancellationToken cancellationToken)
    {
        var channel = view.Head.Channel;
        // Asked before the mark moves: a call that fails then is made again, and the signal still goes out.
        var reach = view.Read < sequence ? await FindReachAsync(view, cancellationToken).ConfigureAwait(false) : SignalReach.Own;
        if (await channels.MoveReadMarkAsync(channel, user, sequence, cancellationToken).ConfigureAwait(false) is not { } mark) return null;
        if (!mark.Moved) return mark;
        rows.Changed(channel, user);
        distributor.SendSignal(channel, user, "read", Encoding.UTF8.GetBytes($"{{\"sequence\":{mark.Sequence}}}"), except, reach);
        return mark;
    }

    private async ValueTask<SignalReach> FindReachAsync(ChannelView view, CancellationToken cancellationToken)
    {
        if (view.Kind == ChannelKind.Direct) return SignalReach.All;
        if (options.ReadSignalsUpTo == 0) return SignalReach.Own;
        // Whoever reads is mostly subscribed here: then the count is kept until a member comes or goes.
        var served = local.Find(view.Head.Channel);
        if (served?.IsSmall(clock.Now) is { } known) return known ? SignalReach.All : SignalReach.Own;
        var version = rights.Version;
        var count = await channels.CountMembersAsync(view.Head.Channel, options.ReadSignalsUpTo + 1, cancellationToken).ConfigureAwait(false);
        var isSmall = count <= options.ReadSignalsUpTo;
        if (served is not null && rights.Version == version) served.SetSmall(isSmall, clock.Now + (long)options.RepairInterval.TotalMilliseconds);
        return isSmall ? SignalReach.All : SignalReach.Own;
    }
}
