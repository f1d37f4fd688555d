using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>Changes the members of a channel, and notifies sessions, nodes and subscribers.</summary>
internal sealed class Memberships(IChannelStore directory, AccessNotices access, Distributor distributor)
{
    /// <summary>Makes a user a member, or changes the role.</summary>
    public async ValueTask<MemberOutcome> SetAsync(
        string channel, ChannelKind kind, string user, ChannelRole role, CancellationToken cancellationToken)
    {
        var before = await directory.FindAsync(channel, user, cancellationToken).ConfigureAwait(false);
        var outcome = await CommitAsync(directory.SetMemberAsync(channel, user, role, cancellationToken)).ConfigureAwait(false);
        if (outcome != MemberOutcome.Changed) return outcome;
        access.Changed(channel, user, null);
        if (kind != ChannelKind.Public) distributor.SendMember(channel, user, before?.Role is null ? "joined" : "role", role);
        return outcome;
    }

    /// <summary>Ends a membership; where only members may know of the channel, the user's subscriptions end with it.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="user">The user.</param>
    /// <param name="change">What happened: <c>left</c> or <c>removed</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<MemberOutcome> RemoveAsync(
        string channel, ChannelKind kind, string user, string change, CancellationToken cancellationToken)
    {
        var outcome = await CommitAsync(directory.RemoveMemberAsync(channel, user, cancellationToken)).ConfigureAwait(false);
        if (outcome != MemberOutcome.Changed) return outcome;
        access.Changed(channel, user, kind == ChannelKind.Public ? null : change);
        if (kind != ChannelKind.Public) distributor.SendMember(channel, user, change, null);
        return outcome;
    }

    // If the answer is lost, the change may have been made.
    private async ValueTask<MemberOutcome> CommitAsync(ValueTask<MemberOutcome> change)
    {
        try
        {
            return await change.ConfigureAwait(false);
        }
        catch
        {
            access.RecheckAll();
            throw;
        }
    }
}
