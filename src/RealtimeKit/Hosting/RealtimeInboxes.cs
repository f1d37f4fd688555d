using RealtimeKit.Nodes;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Hosting;

/// <summary>What users see of their channels, for the application's own code.</summary>
internal sealed class RealtimeInboxes(Lazy<RealtimeInboxes.Parts> parts) : IRealtimeInboxes
{
    /// <summary><see cref="Inboxes"/> is null where the store has none.</summary>
    internal sealed record Parts(IInboxStore? Inboxes, RowNotices Rows);

    private IInboxStore Inboxes => parts.Value.Inboxes
        ?? throw new NotSupportedException($"The store has no inboxes: it does not implement {nameof(IInboxStore)}.");

    public async Task<UnreadTotals> CountUnreadAsync(string user, CancellationToken cancellationToken)
    {
        UserNames.Require(user, nameof(user));
        return (await Inboxes.ListMembershipsAsync(user, cancellationToken).ConfigureAwait(false)).Totals;
    }

    public async Task<bool> SetPreferencesAsync(string channel, string user, ChannelPreferences preferences, CancellationToken cancellationToken)
    {
        Identifiers.Require(channel, nameof(channel));
        UserNames.Require(user, nameof(user));
        ArgumentNullException.ThrowIfNull(preferences);
        if (preferences.Notify is { } notify && !Enum.IsDefined(notify))
            throw new ArgumentException("There is no such kind of notification.", nameof(preferences));
        var result = await Inboxes.SetPreferencesAsync(new PreferenceChange(channel, user, preferences), cancellationToken).ConfigureAwait(false);
        if (result.Outcome == PreferenceOutcome.NoChannel) throw new ChannelNotFoundException(channel);
        if (result.Outcome == PreferenceOutcome.NoMember) throw new NotMemberException(channel, user);
        if (result.Outcome == PreferenceOutcome.Unchanged) return false;
        parts.Value.Rows.Changed(channel, user);
        return true;
    }
}
