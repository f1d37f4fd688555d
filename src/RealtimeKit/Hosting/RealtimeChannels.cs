using RealtimeKit.Delivery;
using RealtimeKit.Messages;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Requests;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Channels, for the application's own code.</summary>
internal sealed class RealtimeChannels(Lazy<RealtimeChannels.Parts> parts) : IRealtimeChannels
{
    internal sealed record Parts(
        IChannelStore Store, SettingsUpdates Settings, AccessNotices Access, RowNotices Rows, Repair Repair, PresenceReader Presence,
        Distributor Distributor, Admission Admission, NodeClock Clock, RealtimeOptions Options);

    public async Task<ChannelInfo> EnsureAsync(
        string channel, ChannelKind kind, string? name, string? owner, JsonValue? data, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        if (owner is not null) UserNames.Require(owner, nameof(owner));
        if (kind == ChannelKind.Direct) throw new ArgumentException($"Create a direct channel with {nameof(EnsureDirectAsync)}.", nameof(kind));
        TextRules.Require(name);
        if (name?.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A channel's name may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(name));
        var made = new NewChannel(channel, kind, name, owner, [], parts.Value.Clock.Timestamp) { Data = ChannelFields.Require(data) };
        await CreateAsync(made, cancellationToken).ConfigureAwait(false);
        return await RequireAsync(channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo> EnsureDirectAsync(string user, string other, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        UserNames.Require(other, nameof(other));
        if (user == other) throw new ArgumentException("A direct channel has two different users.", nameof(other));
        var name = ChannelRequests.NewName(ChannelKind.Direct);
        var made = new NewChannel(name, ChannelKind.Direct, null, user, [other], parts.Value.Clock.Timestamp);
        var result = await CreateAsync(made, cancellationToken).ConfigureAwait(false);
        return await RequireAsync(result.Channel, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelInfo?> GetAsync(string channel, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var view = await parts.Value.Store.FindAsync(channel, parts.Value.Options.SystemUser, cancellationToken).ConfigureAwait(false);
        return view is null ? null : new ChannelInfo(channel, view.Kind, view.Settings, view.Created, view.Head.Version, view.Head.Sequence);
    }

    public async Task<ChannelInfoPage> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0) Identifiers.Require(prefix, nameof(prefix));
        if (after is not null) Identifiers.Require(after, nameof(after));
        HostChecks.RequirePageSize(limit);
        return await parts.Value.Store.ListAllAsync(prefix, after, limit, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ChannelSettings> UpdateAsync(string channel, ChannelEdit edit, string? by, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(edit);
        if (by is not null) UserNames.Require(by, nameof(by));
        var change = edit.ToChange(channel) with { By = by, Time = parts.Value.Clock.Timestamp };
        var result = await parts.Value.Settings.UpdateAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome == SettingsOutcome.NoChannel ? throw new ChannelNotFoundException(channel) : result.Settings;
    }

    public async Task<DirectoryPage> ListDirectoryAsync(string? query, string? before, CancellationToken cancellationToken)
    {
        TextRules.Require(query);
        var asked = new DirectoryQuery(parts.Value.Options.SystemUser, query, before, ProtocolConstants.MaxPageSize, parts.Value.Clock.Timestamp);
        return await parts.Value.Store.ListDirectoryAsync(asked, cancellationToken).ConfigureAwait(false);
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

    public async Task SignalAsync(string channel, string name, JsonValue? data, string? sender, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentException.ThrowIfNullOrEmpty(name);
        TextRules.Require(name);
        if (name.Length > ProtocolConstants.MaxNameLength)
            throw new ArgumentException($"A signal's name may have at most {ProtocolConstants.MaxNameLength} UTF-16 code units.", nameof(name));
        if (name is SignalRequests.Presence or SignalRequests.Read)
            throw new ArgumentException($"Only the engine sends the signal '{name}'.", nameof(name));
        if (data?.Utf8.Length > ProtocolConstants.MaxFrameBytes)
            throw new ArgumentException($"A signal's data may have at most {ProtocolConstants.MaxFrameBytes} bytes.", nameof(data));
        if (sender is not null) UserNames.Require(sender, nameof(sender));
        var user = sender ?? parts.Value.Options.SystemUser;
        await parts.Value.Admission.WaitAsync(user, cancellationToken).ConfigureAwait(false);
        if (await parts.Value.Store.FindAsync(channel, user, cancellationToken).ConfigureAwait(false) is null) throw new ChannelNotFoundException(channel);
        parts.Value.Distributor.SendSignal(channel, user, name, data is null ? default : data.Utf8.Span, except: null);
    }

    private async ValueTask<CreateResult> CreateAsync(NewChannel made, CancellationToken cancellationToken)
    {
        var result = await parts.Value.Store.CreateAsync(made, cancellationToken).ConfigureAwait(false);
        if (result.Outcome == CreateOutcome.Created) parts.Value.Rows.Joined(made.Channel, made.Roles.Keys);
        return result;
    }

    private async ValueTask<ChannelInfo> RequireAsync(string channel, CancellationToken cancellationToken) =>
        await GetAsync(channel, cancellationToken).ConfigureAwait(false) ?? throw new ChannelNotFoundException(channel);
}
