using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Nodes;

/// <summary>Changes the members of a channel, and notifies sessions, nodes and subscribers.</summary>
internal sealed class Memberships(IChannelStore channels, AccessNotices access, Distributor distributor)
{
    /// <summary>
    /// Applies a change of any kind. Where only members may know of the channel, its subscribers receive the change, and the
    /// subscriptions of whoever is no member any more end.
    /// </summary>
    public async ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        var result = await CommitAsync(change, cancellationToken).ConfigureAwait(false);
        var isHidden = result.Kind != ChannelKind.Public;
        var word = MemberRules.Word(change, result.Before);
        switch (result.Outcome)
        {
            case MemberOutcome.Changed:
                access.Changed(change.Channel, change.User, isHidden && result.After is null ? word : null);
                if (isHidden) distributor.SendMember(change.Channel, change.User, word, result.After);
                break;
            case MemberOutcome.Unchanged when isHidden && result.After is null:
                // An earlier call whose answer was lost may have ended the membership.
                access.Recheck(change.Channel, change.User, word);
                break;
        }

        return result;
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
