using RealtimeKit.Delivery;
using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>Moderation, for the application's own code.</summary>
internal sealed class RealtimeModeration(Lazy<RealtimeModeration.Parts> parts) : IRealtimeModeration
{
    internal sealed record Parts(IChannelStore Channels, Memberships Memberships, NodeClock Clock);

    public Task<bool> BanAsync(string channel, string user, DateTimeOffset? until, string? reason, CancellationToken cancellationToken) =>
        ApplyAsync(new BanChange(channel, user, NewSanction(until, reason)), cancellationToken);

    public Task<bool> UnbanAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new UnbanChange(channel, user), cancellationToken);

    public Task<bool> MuteAsync(string channel, string user, DateTimeOffset? until, string? reason, CancellationToken cancellationToken) =>
        ApplyAsync(new MuteChange(channel, user, NewSanction(until, reason)), cancellationToken);

    public Task<bool> UnmuteAsync(string channel, string user, CancellationToken cancellationToken) =>
        ApplyAsync(new UnmuteChange(channel, user), cancellationToken);

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

    private Task<bool> ApplyAsync(MemberChange change, CancellationToken cancellationToken) =>
        MemberChanges.ApplyAsync(parts.Value.Memberships, change, cancellationToken);

    private Sanction NewSanction(DateTimeOffset? until, string? reason)
    {
        var now = parts.Value.Clock.Timestamp;
        if (until <= now) throw new ArgumentException("The end must be in the future.", nameof(until));
        TextRules.Require(reason);
        if (reason?.Length > ProtocolConstants.MaxReasonLength)
            throw new ArgumentException($"A reason may have at most {ProtocolConstants.MaxReasonLength} UTF-16 code units.", nameof(reason));
        var end = until?.ToUniversalTime();
        return new Sanction(By: null, now, end?.AddTicks(-(end.Value.Ticks % TimeSpan.TicksPerMillisecond)), reason);
    }
}
