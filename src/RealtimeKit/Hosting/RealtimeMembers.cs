using RealtimeKit.Delivery;
using RealtimeKit.Messages;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Members of channels, for the application's own code.</summary>
internal sealed class RealtimeMembers(Lazy<RealtimeMembers.Parts> parts) : IRealtimeMembers
{
    // The channel is locked while they are stored: some ten milliseconds.
    private const int MostAtOnce = 1_000;

    internal sealed record Parts(IChannelStore Channels, Memberships Memberships, Admission Admission, NodeClock Clock, RealtimeOptions Options);

    public Task<bool> AddAsync(string channel, string user, ChannelRole role, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new JoinChange(channel, user, role) { By = by }, cancellationToken);

    public Task<MembersChanged> AddManyAsync(
        string channel, IEnumerable<string> users, ChannelRole role, string? by, CancellationToken cancellationToken) =>
        ApplyManyAsync(channel, users, user => new JoinChange(channel, user, role) { By = by }, by, cancellationToken);

    public Task<bool> SetRoleAsync(string channel, string user, ChannelRole role, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new RoleChange(channel, user, role) { By = by }, cancellationToken);

    public Task<MembersChanged> SetManyRolesAsync(
        string channel, IEnumerable<string> users, ChannelRole role, string? by, CancellationToken cancellationToken) =>
        ApplyManyAsync(channel, users, user => new RoleChange(channel, user, role) { By = by }, by, cancellationToken);

    public Task<bool> RemoveAsync(string channel, string user, string? reason, string? by, CancellationToken cancellationToken)
    {
        HostChecks.RequireReason(reason);
        return ApplyAsync(NewRemoval(channel, user, reason, by), cancellationToken);
    }

    public Task<MembersChanged> RemoveManyAsync(
        string channel, IEnumerable<string> users, string? reason, string? by, CancellationToken cancellationToken)
    {
        HostChecks.RequireReason(reason);
        return ApplyManyAsync(channel, users, user => NewRemoval(channel, user, reason, by), by, cancellationToken);
    }

    public async Task<ChannelUser> GetAsync(string channel, string user, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        UserNames.Require(user, nameof(user));
        var view = await parts.Value.Channels.FindAsync(channel, user, cancellationToken).ConfigureAwait(false)
            ?? throw new ChannelNotFoundException(channel);
        var now = parts.Value.Clock.Timestamp;
        return new ChannelUser(
            user, view.Role, view.Read, view.Ban?.HoldsAt(now) == true ? view.Ban : null, view.Mute?.HoldsAt(now) == true ? view.Mute : null);
    }

    public async Task<MemberPage> ListAsync(string channel, string? after, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var page = await parts.Value.Channels.ListMembersAsync(channel, after, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false);
        return page.At(parts.Value.Clock.Timestamp);
    }

    private static MemberChange NewRemoval(string channel, string user, string? reason, string? by) =>
        by == user ? new LeaveChange(channel, user) { By = by } : new RemoveChange(channel, user, reason) { By = by };

    private Task<bool> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        MemberChanges.ApplyAsync(parts.Value.Memberships, change, cancellationToken);

    private async Task<MembersChanged> ApplyManyAsync(
        string channel, IEnumerable<string> users, Func<string, MemberChange> toChange, string? by, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(users);
        if (by is not null) UserNames.Require(by, nameof(by));
        List<string> names = [.. users.Distinct(StringComparer.Ordinal)];
        foreach (var user in names) UserNames.Require(user, nameof(users));
        // An empty list says nothing about the channel.
        if (names.Count == 0) return new MembersChanged(0, []);
        var changed = 0;
        var refused = new List<RefusedMember>();
        foreach (var slice in names.Chunk(MostAtOnce))
        {
            // Each change may reach all readers of the channel.
            await parts.Value.Admission.WaitAsync(by ?? parts.Value.Options.SystemUser, cancellationToken).ConfigureAwait(false);
            var results = await parts.Value.Memberships.ApplyAsync([.. slice.Select(toChange)], cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < slice.Length; i++)
            {
                if (results[i].Outcome == MemberOutcome.NoChannel) throw new ChannelNotFoundException(channel);
                if (results[i].Outcome == MemberOutcome.Changed) changed++;
                else if (results[i].Outcome != MemberOutcome.Unchanged) refused.Add(new RefusedMember(slice[i], results[i].Outcome));
            }
        }

        return new MembersChanged(changed, refused);
    }
}
