using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Requests;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Channels, for the application's own code.</summary>
internal sealed class RealtimeChannels(Lazy<RealtimeChannels.Parts> parts) : IRealtimeChannels
{
    internal sealed record Parts(
        IChannelStore Store, SettingsUpdates Settings, AccessNotices Access, Repair Repair, PresenceReader Presence, NodeClock Clock,
        RealtimeOptions Options);

    public async Task<ChannelInfo> EnsureAsync(string channel, ChannelKind kind, string? name, string? owner, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (owner is not null) UserNames.Require(owner, nameof(owner));
        if (kind == ChannelKind.Direct) throw new ArgumentException($"Create a direct channel with {nameof(EnsureDirectAsync)}.", nameof(kind));
        TextRules.Require(name);
        if (name?.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A channel's name may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(name));
        await CreateAsync(channel, kind, name, owner, [], cancellationToken).ConfigureAwait(false);
        return await RequireAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo> EnsureDirectAsync(string user, string other, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        UserNames.Require(other, nameof(other));
        if (user == other) throw new ArgumentException("A direct channel has two different users.", nameof(other));
        var name = ChannelRequests.NewName(ChannelKind.Direct);
        var result = await CreateAsync(name, ChannelKind.Direct, null, user, [other], cancellationToken).ConfigureAwait(false);
        return await RequireAsync(result.Channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo?> GetAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var view = await parts.Value.Store.FindAsync(channel, parts.Value.Options.SystemUser, cancellationToken).ConfigureAwait(false);
        return view is null ? null : new ChannelInfo(channel, view.Kind, view.Settings, view.Created, view.Head.Version, view.Head.Sequence);
    }

    public async Task<ChannelSettings> UpdateAsync(string channel, ChannelEdit edit, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(edit);
        var result = await parts.Value.Settings.UpdateAsync(edit.ToChange(channel), cancellationToken).ConfigureAwait(false);
        return result.Outcome == SettingsOutcome.NoChannel ? throw new ChannelNotFoundException(channel) : result.Settings;
    }

    public async Task<bool> DeleteAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        try
        {
            var deleted = await parts.Value.Store.DeleteAsync(channel, cancellationToken).ConfigureAwait(false);
            if (deleted) parts.Value.Access.Changed(channel, null, "deleted");
            else parts.Value.Repair.Now();
            return deleted;
        }
        catch
        {
            // The answer was lost; the channel may be deleted.
            parts.Value.Repair.Now();
            throw;
        }
    }

    public async Task RenewEpochsAsync(CancellationToken cancellationToken)
    {
        await parts.Value.Store.RenewEpochsAsync(cancellationToken).ConfigureAwait(false);
        parts.Value.Repair.Now();
    }

    public async Task RecheckAccessAsync(string channel, string? user, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (user is not null) UserNames.Require(user, nameof(user));
        var revises = new SettingsChange(channel) { Revises = true };
        var result = await parts.Value.Store.UpdateAsync(revises, cancellationToken).ConfigureAwait(false);
        if (result.Outcome == SettingsOutcome.NoChannel) throw new ChannelNotFoundException(channel);
        parts.Value.Access.Recheck(channel, user, "denied");
    }

    public async Task<IReadOnlyList<PresentUser>> GetPresenceAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await parts.Value.Presence.ReadAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<CreateResult> CreateAsync(
        string channel, ChannelKind kind, string? name, string? owner, IReadOnlyList<string> others, CancellationToken cancellationToken) =>
        parts.Value.Store.CreateAsync(new NewChannel(channel, kind, name, owner, others, parts.Value.Clock.Timestamp), cancellationToken);

    private async ValueTask<ChannelInfo> RequireAsync(string channel, CancellationToken cancellationToken) =>
        await GetAsync(channel, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);
}
