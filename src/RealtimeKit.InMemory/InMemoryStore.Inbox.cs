using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

public sealed partial class InMemoryStore : IInboxStore
{
    private readonly TouchLog _touches = new();

    /// <inheritdoc/>
    public ValueTask<InboxMemberships> ListMembershipsAsync(string user, CancellationToken cancellationToken) =>
        Locked(user, static (store, user) => new InboxMemberships(
            store._touches.Position, [.. store.MembershipsOf(user).OrderBy(static log => log.Cursor).Select(log => log.Membership(user, store.BlockedBy(user)))]), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxDelta?> FindChangedAsync(string user, InboxPosition after, CancellationToken cancellationToken) =>
        Locked((user, after), static (store, query) => !store._touches.Has(query.after) ? null : new InboxDelta(
            store._touches.Position,
            [
                .. store.MembershipsOf(query.user).Where(log => log.StampOf(query.user) >= query.after.Stamp).OrderBy(static log => log.Cursor)
                    .Select(static log => log.Definition.Channel),
            ],
            store._touches.DeparturesOf(query.user, query.after.Stamp)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<InboxRows> ReadRowsAsync(IReadOnlyList<InboxKey> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return Locked(keys, static (store, keys) => new InboxRows(
            store._touches.Position,
            [.. keys.Select(key => store.Find(key.Channel) is { } log && log.Roster.Role(key.User) is not null ? log.Summary(key.User, store.BlockedBy(key.User)) : null)]), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<InboxTouched?> FindTouchedAsync(InboxPosition after, int limit, CancellationToken cancellationToken) =>
        Locked((after, limit), static (store, query) =>
            store._touches.Has(query.after) ? store._touches.Since(query.after, query.limit) : null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PreferenceResult> SetPreferencesAsync(PreferenceChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) =>
        {
            if (store.Find(change.Channel) is not { } log) return change.Decide(isThere: false, null, 0);
            var result = change.Decide(isThere: true, log.Roster.Preferences(change.User), log.Head.Sequence);
            if (result.Outcome == PreferenceOutcome.Changed)
                log.Roster.Prefer(change.User, result.Preferences, store._touches.Note(change.Channel, change.User));
            return result;
        }, cancellationToken);
    }

    private HashSet<ChannelLog> MembershipsOf(string user) => _memberships.GetValueOrDefault(user) ?? [];
}
