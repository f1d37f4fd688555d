using RealtimeKit.Sqlite.Channels;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite;

internal sealed partial class SqliteStore : IInboxStore
{
    /// <inheritdoc/>
    public ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => InboxReader.ListMemberships(session, user), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => InboxReader.FindChanged(session, user, after), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return _readers.RunAsync(session => InboxReader.ReadRows(session, keys), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken) =>
        _readers.RunAsync(session => InboxReader.FindTouched(session, after, limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new(_writer.RunAsync(session => Preferences.Set(session, change), cancellationToken));
    }
}
