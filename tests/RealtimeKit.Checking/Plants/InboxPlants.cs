using System.Collections.Concurrent;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>Gives the last row that it had of a channel that the user is no longer in.</summary>
internal sealed class KeepsRemovedRows(IInboxStore inner) : IInboxStore
{
    private readonly ConcurrentDictionary<InboxKey, ChannelSummary> _rows = new();

    public async ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken)
    {
        var found = await inner.ReadRowsAsync(keys, cancellationToken);
        return found with { Rows = [.. found.Rows.Select((row, n) => Keep(keys[n], row))] };
    }

    public ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken) => inner.ListMembershipsAsync(user, cancellationToken);

    public ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken) =>
        inner.FindChangedAsync(user, after, cancellationToken);

    public ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken) =>
        inner.FindTouchedAsync(after, limit, cancellationToken);

    public ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken) =>
        inner.SetPreferencesAsync(change, cancellationToken);

    private ChannelSummary? Keep(InboxKey key, ChannelSummary? row)
    {
        if (row is null) return _rows.GetValueOrDefault(key);
        return _rows[key] = row;
    }
}
