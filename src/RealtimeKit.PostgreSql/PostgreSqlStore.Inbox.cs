using RealtimeKit.PostgreSql.Channels;
using RealtimeKit.Stores;

namespace RealtimeKit.PostgreSql;

internal sealed partial class PostgreSqlStore : IInboxStore
{
    /// <inheritdoc/>
    public ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => InboxReader.ListMembershipsAsync(session, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => InboxReader.FindChangedAsync(session, user, after), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return _calls.RunAsync(session => InboxReader.ReadRowsAsync(session, keys), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(session => InboxReader.FindTouchedAsync(session, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _calls.RunAsync(session => Preferences.SetAsync(session, change), cancellationToken);
    }
}
