using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes the members of a channel, and notifies sessions, nodes and subscribers.</summary>
internal sealed class Memberships(IChannelStore channels, AccessNotices access, Distributor distributor, NodeClock clock, Audit audit)
{
    /// <summary>
    /// Applies a change of any kind. The subscriptions that it ends are ended, and those who may know of it receive it: the subscribers of
    /// a private or direct channel, and in every channel whoever is muted or may write again.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        var result = await CommitAsync(change with { Time = clock.Timestamp }, cancellationToken).ConfigureAwait(false);
        var reason = ReasonOfEnd(change, result);
        switch (result.Outcome)
        {
            case MemberOutcome.Changed:
                access.Changed(change.Channel, change.User, reason);
                Send(change, result);
                audit.Acted(change.Channel, result.Action);
                break;
            case MemberOutcome.Unchanged when reason is not null:
                // An earlier call whose answer was lost may have made the change.
                access.Recheck(change.Channel, change.User, reason);
                break;
        }

        return result;
    }

    // Why the user's subscriptions end by it: null where they do not. Who leaves a public channel, or was never in it, may read on.
    private static string? ReasonOfEnd(MemberChange change, in MemberResult result)
    {
        var ends = result.After.Role is null && change switch
        {
            BanChange => true,
            RemoveChange => result.Before.Role is not null || result.Before.Kind != ChannelKind.Public,
            LeaveChange => result.Before.Kind != ChannelKind.Public,
            _ => false,
        };
        return ends ? MemberRules.Word(change, result.Before.Role) : null;
    }

    private void Send(MemberChange change, in MemberResult result)
    {
        var until = change switch { BanChange { Ban.Until: var end } => end, MuteChange { Mute.Until: var end } => end, _ => null };
        var isHidden = result.Before.Kind != ChannelKind.Public;
        if (!isHidden && change is not (MuteChange or UnmuteChange)) return;
        var by = change.By == change.User ? null : change.By;
        distributor.SendMember(
            change.Channel, new MemberNews(change.User, MemberRules.Word(change, result.Before.Role), result.After.Role, by, until),
            isHidden ? SignalReach.All : SignalReach.Own);
    }

    // If the answer is lost, the change may have been made.
    private async ValueTask<MemberResult> CommitAsync(MemberChange change, CancellationToken cancellationToken)
    {
        try
        {
            return await channels.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            access.RecheckAll();
            throw;
        }
    }
}
