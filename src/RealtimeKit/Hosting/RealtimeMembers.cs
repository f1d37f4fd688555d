using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Members of channels, for the application's own code.</summary>
internal sealed class RealtimeMembers(Lazy<RealtimeMembers.Parts> parts) : IRealtimeMembers
{
    internal sealed record Parts(IChannelStore Channels, Memberships Memberships, NodeClock Clock);

    public Task<bool> AddAsync(string channel, string user, ChannelRole role, CancellationToken cancellationToken) =>
        ApplyAsync(new JoinChange(channel, user, role), cancellationToken);

    public Task<bool> SetRoleAsync(string channel, string user, ChannelRole role, CancellationToken cancellationToken) =>
        ApplyAsync(new RoleChange(channel, user, role), cancellationToken);

    public Task<bool> RemoveAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new RemoveChange(channel, user), cancellationToken);

    public async Task<MemberPage> ListAsync(string channel, string? after, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var page = await parts.Value.Channels.ListMembersAsync(channel, after, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false);
        return page.At(parts.Value.Clock.Timestamp);
    }

    private Task<bool> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        MemberChanges.ApplyAsync(parts.Value.Memberships, change, cancellationToken);
}
