using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes the members of a channel, and notifies sessions, nodes and subscribers.</summary>
internal sealed class Memberships(
    IChannelStore channels, AccessNotices access, RowNotices rows, Distributor distributor, NodeClock clock, Audit audit)
{
    /// <summary>
    /// Applies a change of any kind. The subscriptions that it ends are ended, and those who may know of it receive it: the subscribers of
    /// a private or direct channel, and in every channel whoever is muted or may write again.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        change = change with { Time = clock.Timestamp };
        var result = await CommitAsync(() => channels.ApplyAsync(change, cancellationToken)).ConfigureAwait(false);
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

    /// <summary>Applies changes of many members of one channel in one transaction, as <see cref="ApplyAsync(MemberChange, CancellationToken)"/> does one.</summary>
    public async ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken)
    {
        var now = clock.Timestamp;
        MemberChange[] timed = [.. changes.Select(change => change with { Time = now })];
        var results = await CommitAsync(() => channels.ApplyAsync(timed, cancellationToken)).ConfigureAwait(false);
        // Once for all whose subscriptions go on; a notice for each would reach every node.
        if (results.Any(static result => result.Outcome == MemberOutcome.Changed)) access.Changed(timed[0].Channel, null, null);
        // The inboxes of those who are new have no row yet that this would have marked.
        rows.Joined(timed[0].Channel, timed.Where((_, i) => results[i].Before.Role is null && results[i].After.Role is not null).Select(static change => change.User));
        for (var i = 0; i < timed.Length; i++)
        {
            var (change, result) = (timed[i], results[i]);
            var reason = ReasonOfEnd(change, result);
            if (result.Outcome == MemberOutcome.Changed)
            {
                if (reason is not null) access.Changed(change.Channel, change.User, reason);
                Send(change, result);
            }
            else if (result.Outcome == MemberOutcome.Unchanged && reason is not null)
            {
                access.Recheck(change.Channel, change.User, reason);
            }
        }

        return results;
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
    private async ValueTask<T> CommitAsync<T>(Func<ValueTask<T>> commit)
    {
        try
        {
            return await commit().ConfigureAwait(false);
        }
        catch
        {
            access.RecheckAll();
            throw;
        }
    }
}
