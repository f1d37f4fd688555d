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

    public async Task<bool> ReportAsync(string channel, long sequence, string user, string? reason, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        UserNames.Require(user, nameof(user));
        TextRules.Require(reason);
        if (reason?.Length > ProtocolConstants.MaxReportReasonLength)
            throw new ArgumentException($"A report's reason may have at most {ProtocolConstants.MaxReportReasonLength} UTF-16 code units.", nameof(reason));
        var change = new ReportChange(channel, sequence, user, reason, parts.Value.Clock.Timestamp);
        var result = await parts.Value.Channels.ReportAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome switch
        {
            ReportOutcome.Reported => true,
            ReportOutcome.Unchanged => false,
            ReportOutcome.NoChannel => throw new ChannelNotFoundException(channel),
            _ => throw new MessageNotFoundException(channel, sequence),
        };
    }

    public async Task<ReportPage> ListReportsAsync(string channel, string? before, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        return await parts.Value.Channels.ListReportsAsync(channel, before, ProtocolConstants.MaxPageSize, cancellationToken).ConfigureAwait(false);
    }

    public async Task<bool> ResolveReportAsync(string channel, string report, ReportState state, string? by, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        ArgumentNullException.ThrowIfNull(report);
        if (by is not null) UserNames.Require(by, nameof(by));
        var change = new ResolveChange(channel, report, state, parts.Value.Clock.Timestamp) { By = by };
        var result = await parts.Value.Channels.ResolveAsync(change, cancellationToken).ConfigureAwait(false);
        return result.Outcome == ResolveOutcome.NoChannel ? throw new ChannelNotFoundException(channel) : result.Outcome == ResolveOutcome.Changed;
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
