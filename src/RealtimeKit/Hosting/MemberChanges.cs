using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Changes of members that the application's own code asks for: checked, applied, and refusals as exceptions.</summary>
internal static class MemberChanges
{
    /// <summary>Whether the change changed anything.</summary>
    public static async Task<bool> ApplyAsync(Memberships memberships, MemberChange change, CancellationToken cancellationToken)
    {
        var (channel, user) = (change.Channel, change.User);
        Identifiers.Require(channel, nameof(channel));
        UserNames.Require(user, nameof(user));
        if (change.By is { } by) UserNames.Require(by, nameof(by));
        var result = await memberships.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            MemberOutcome.Changed => true,
            MemberOutcome.Unchanged => false,
            MemberOutcome.LastOwner => throw new LastOwnerException(channel, user),
            MemberOutcome.Banned => throw new UserBannedException(channel, user),
            _ => throw new ChannelNotFoundException(channel),
        };
    }
}
