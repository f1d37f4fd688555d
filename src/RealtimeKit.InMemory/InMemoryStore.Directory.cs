using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

public sealed partial class InMemoryStore
{
    private readonly Dictionary<string, string> _pairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<ChannelLog>> _memberships = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<ChannelView?> FindAsync(string channel, string user, CancellationToken cancellationToken) =>
        Locked((channel, user), static (store, query) => store.Find(query.channel) is { } log ? log.View(query.user, store.IsBlockedIn(log, query.user)) : null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelInfoPage> ListAllAsync(string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        Locked((prefix, after, limit), static (store, query) =>
        {
            var channels = store._channels.Values
                .Where(log => log.Definition.Channel.StartsWith(query.prefix, StringComparison.Ordinal)
                    && string.CompareOrdinal(log.Definition.Channel, query.after) > 0)
                .OrderBy(log => log.Definition.Channel, StringComparer.Ordinal).Take(query.limit + 1).Select(log => log.Info).ToList();
            return channels.Count > query.limit ? new ChannelInfoPage(channels[..query.limit], true) : new ChannelInfoPage(channels, false);
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewChannel channel, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channel);
        return Locked(channel, static (store, channel) => store.Create(channel), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string channel, CancellationToken cancellationToken) =>
        Locked(channel, static (store, channel) =>
        {
            if (!store._channels.Remove(channel, out var log)) return false;
            store._files.NoteDeletion(channel);
            if (log.Definition.Pair is { } pair) store._pairs.Remove(pair);
            store.Unlist(log);
            foreach (var user in log.Roster.Users)
            {
                store.Forget(user, log);
                store._touches.NoteDeparture(channel, user);
            }

            store._order.Remove(log);
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RenewEpochsAsync(CancellationToken cancellationToken) =>
        await Locked(this, static (store, _) =>
        {
            foreach (var log in store._channels.Values) log.RenewEpoch();
            store._touches.RenewEpoch();
            return true;
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<MemberResult> ApplyAsync(MemberChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) => store.Apply(change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MemberResult>> ApplyAsync(IReadOnlyList<MemberChange> changes, CancellationToken cancellationToken)
    {
        // One after another under the lock they are what a plan decides.
        return Locked<MemberPlan, IReadOnlyList<MemberResult>>(new MemberPlan(changes), (store, plan) =>
        {
            var roster = store.Find(plan.Channel)?.Roster;
            var preferred = plan.Users.ToDictionary(static user => user, user => roster?.Preferences(user), StringComparer.Ordinal);
            MemberResult[] results = [.. changes.Select(store.Apply)];
            // Who is a member before and after the batch has never left.
            foreach (var (user, preferences) in preferred)
                if (preferences is { } kept && roster!.Role(user) is not null) roster.Prefer(user, kept, roster.Stamp(user));
            return results;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SettingsResult> UpdateAsync(SettingsChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) =>
        {
            if (store.Find(change.Channel) is not { } log) return change.Decide(null);
            store.Unlist(log);
            var result = log.Apply(change);
            store.List(log);
            if (result.Outcome == SettingsOutcome.Changed) log.Stamp = store._touches.Note(change.Channel);
            return result;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<int> CountMembersAsync(string channel, int most, CancellationToken cancellationToken) =>
        Locked((channel, most), static (store, query) =>
            Math.Min(store.Find(query.channel)?.Roster.Count ?? 0, query.most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MemberPage> ListMembersAsync(
        string channel, string? after, int limit, CancellationToken cancellationToken) =>
        Locked((channel, after, limit), static (store, query) =>
            store.Find(query.channel)?.Roster.List(query.after, query.limit) ?? new MemberPage([], false), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ActionPage> ListActionsAsync(string channel, long? before, int limit, CancellationToken cancellationToken) =>
        Locked((channel, before, limit), static (store, query) =>
            store.Find(query.channel)?.ListActions(query.before, query.limit) ?? new ActionPage([], null), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BanPage> ListBansAsync(
        string channel, string? after, int limit, DateTimeOffset time, CancellationToken cancellationToken) =>
        Locked((channel, after, limit, time), static (store, query) =>
            store.Find(query.channel)?.Roster.ListBans(query.after, query.limit, query.time) ?? new BanPage([], false), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChannelPage> ListChannelsAsync(
        string user, string? before, int limit, CancellationToken cancellationToken)
    {
        ChannelListPosition? cursor = before is null ? null : ChannelListPosition.Parse(before);
        return Locked((user, cursor, limit), static (store, query) =>
        {
            var page = new ChannelPageBuilder(query.limit);
            IEnumerable<ChannelLog> joined = store._memberships.GetValueOrDefault(query.user) ?? [];
            var wanted = joined.Where(log => query.cursor is not { } cursor || log.Cursor.CompareTo(cursor) > 0);
            foreach (var log in wanted.OrderBy(log => log.Cursor))
                if (!page.TryAdd(log.Summary(query.user, store.BlockedBy(query.user)), log.Cursor.Changed)) break;
            return page.Build();
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReadMark?> MoveReadMarkAsync(
        string channel, string user, long sequence, CancellationToken cancellationToken) =>
        Locked<(string Channel, string User, long Sequence), ReadMark?>((channel, user, sequence), static (store, move) =>
        {
            if (store.Find(move.Channel) is not { } log) return null;
            var mark = log.Roster.Read(move.User, Math.Min(move.Sequence, log.Head.Sequence));
            if (mark.Moved) log.Roster.NoteStamp(move.User, store._touches.Note(move.Channel, move.User));
            return mark;
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListOwnReactionsAsync(
        string channel, long sequence, string user, CancellationToken cancellationToken) =>
        Locked((channel, sequence, user), static (store, query) =>
            store.Find(query.channel)?.OwnReactions(query.sequence, query.user) ?? [], cancellationToken);

    private MemberResult Apply(MemberChange change)
    {
        if (Find(change.Channel) is not { } log) return MemberRules.Decide(change, found: null);
        var result = log.Apply(change);
        if (result.Outcome == MemberOutcome.Changed && result.Before.Role != result.After.Role) Note(change.User, log, result.After.Role);
        return result;
    }

    private CreateResult Create(NewChannel channel)
    {
        if (channel.Pair is { } pair && _pairs.TryGetValue(pair, out var existing))
            return new CreateResult(CreateOutcome.PairExists, existing);
        if (channel.Blocker is { } blocker && BlockedBy(blocker).Contains(channel.Owner!)) return new CreateResult(CreateOutcome.Blocked, channel.Channel);
        if (_channels.ContainsKey(channel.Channel)) return new CreateResult(CreateOutcome.Taken, channel.Channel);
        var log = new ChannelLog(channel, _order);
        _channels.Add(channel.Channel, log);
        List(log);
        if (channel.Pair is { } newPair) _pairs.Add(newPair, channel.Channel);
        foreach (var user in log.Roster.Users) Note(user, log, log.Roster.Role(user));
        return new CreateResult(CreateOutcome.Created, channel.Channel);
    }

    private void Note(string user, ChannelLog log, ChannelRole? role)
    {
        if (role is null)
        {
            Forget(user, log);
            _touches.NoteDeparture(log.Definition.Channel, user);
            return;
        }

        Remember(user, log);
        _touches.ForgetDeparture(log.Definition.Channel, user);
        log.Roster.NoteStamp(user, _touches.Note(log.Definition.Channel, user));
    }

    private void Remember(string user, ChannelLog log)
    {
        if (!_memberships.TryGetValue(user, out var logs)) _memberships.Add(user, logs = []);
        logs.Add(log);
    }

    private void Forget(string user, ChannelLog log)
    {
        if (_memberships.TryGetValue(user, out var logs) && logs.Remove(log) && logs.Count == 0) _memberships.Remove(user);
    }
}
