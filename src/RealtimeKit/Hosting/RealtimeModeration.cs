using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Moderation, for the application's own code.</summary>
internal sealed class RealtimeModeration(Lazy<RealtimeModeration.Parts> parts) : IRealtimeModeration
{
    internal sealed record Parts(IChannelStore Channels, Memberships Memberships, NodeClock Clock);

    public Task<bool> BanAsync(string channel, string user, DateTimeOffset? until, string? reason, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new BanChange(channel, user, NewSanction(user, until, reason, by)), by, cancellationToken);

    public Task<bool> UnbanAsync(string channel, string user, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new UnbanChange(channel, user), by, cancellationToken);

    public Task<bool> MuteAsync(string channel, string user, DateTimeOffset? until, string? reason, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new MuteChange(channel, user, NewSanction(user, until, reason, by)), by, cancellationToken);

    public Task<bool> UnmuteAsync(string channel, string user, string? by, CancellationToken cancellationToken) =>
        ApplyAsync(new UnmuteChange(channel, user), by, cancellationToken);

    public async Task<ActionPage> ListActionsAsync(string channel, long? before, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await parts.Value.Channels.ListActionsAsync(channel, before, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false);
    }

    public async Task<BanPage> ListBansAsync(string channel, string? after, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        var now = parts.Value.Clock.Timestamp;
        return await parts.Value.Channels.ListBansAsync(channel, after, ProtocolConstants.MaxPageSize, now, cancellationToken).ConfigureAwait(false);
    }

    private Task<bool> ApplyAsync(MemberChange change, string? by, CancellationToken cancellationToken) =>
        MemberChanges.ApplyAsync(parts.Value.Memberships, change with { By = by }, cancellationToken);

    private Sanction NewSanction(string user, DateTimeOffset? until, string? reason, string? by)
    {
        if (user == by) throw new ArgumentException("Users neither ban nor mute themselves.", nameof(by));
        var now = parts.Value.Clock.Timestamp;
        if (until <= now) throw new ArgumentException("The end must be in the future.", nameof(until));
        HostChecks.RequireReason(reason);
        var end = until?.ToUniversalTime();
        return new Sanction(by, now, end?.AddTicks(-(end.Value.Ticks % TimeSpan.TicksPerMillisecond)), reason);
    }
}
