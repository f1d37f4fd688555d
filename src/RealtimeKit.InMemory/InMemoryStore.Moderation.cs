using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

public sealed partial class InMemoryStore
{
    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right));

    private static readonly SortedSet<string> Nobody = [];

    // For each prefix the keys of the public channels that it finds.
    private readonly Dictionary<string, SortedSet<byte[]>> _listed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _blocks = new(StringComparer.Ordinal);
    private readonly SortedDictionary<byte[], ChannelLog> _byKey = new(ByBytes);

    /// <inheritdoc/>
    public ValueTask<DirectoryPage> ListDirectoryAsync(DirectoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Locked(query, static (store, query) => query.Read(
            (prefix, least) => store._listed.GetValueOrDefault(prefix) is { Max: { } last } keys && ByBytes.Compare(last, least) >= 0
                ? keys.GetViewBetween(least, last).Min : null,
            key => store._byKey[key] is var log && log.Roster.Ban(query.User)?.HoldsAt(query.Time) == true ? null : log.List(query.User)), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReportResult> ReportAsync(ReportChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) => store.Find(change.Channel)?.Apply(change) ?? change.Decide(null, null, null, false), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ResolveResult> ResolveAsync(ResolveChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) => store.Find(change.Channel)?.Apply(change) ?? change.Decide(null, null), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ReportPage> ListReportsAsync(string channel, string? before, int limit, CancellationToken cancellationToken) =>
        Locked((channel, position: ReportPosition.Parse(before), limit), static (store, query) =>
            store.Find(query.channel)?.ListReports(query.position, query.limit) ?? new ReportPage([], null), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockResult> BlockAsync(BlockChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Locked(change, static (store, change) => store.Apply(change), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListBlockedAsync(string user, CancellationToken cancellationToken) =>
        Locked<string, IReadOnlyList<string>>(user, static (store, user) => [.. store.BlockedBy(user)], cancellationToken);

    private BlockResult Apply(BlockChange change)
    {
        if (!_blocks.TryGetValue(change.User, out var blocked)) blocked = new SortedSet<string>(StringComparer.Ordinal);
        var outcome = change.Decide(blocked.Contains(change.Other), blocked.Count);
        if (outcome != BlockOutcome.Changed) return new BlockResult(outcome);
        _blocks[change.User] = blocked;
        var recounted = MembershipsOf(change.User).Where(log => log.HasMentions(change.User, change.Other)).ToList();
        foreach (var log in recounted) log.Roster.NoteStamp(change.User, _touches.Note(log.Definition.Channel, change.User));
        var result = new BlockResult(outcome) { Recounted = recounted.ConvertAll(static log => log.Definition.Channel) };
        if (change.Remove)
        {
            blocked.Remove(change.Other);
            return result;
        }

        blocked.Add(change.Other);
        if (!_pairs.TryGetValue(change.Pair, out var channel)) return result;
        _channels[channel].Roster.Revision++;
        return result with { Channel = channel };
    }

    private SortedSet<string> BlockedBy(string user) => _blocks.GetValueOrDefault(user) ?? Nobody;

    private bool IsBlockedIn(ChannelLog log, string user) =>
        log.Definition.Kind == ChannelKind.Direct && log.Roster.Users.Any(other => BlockedBy(other).Contains(user));

    private void List(ChannelLog log)
    {
        if (log.Definition.Kind != ChannelKind.Public) return;
        var key = DirectoryRules.Key(log.Settings.Name, log.Definition.Channel);
        _byKey.Add(key, log);
        foreach (var prefix in DirectoryRules.Prefixes(log.Settings.Name))
        {
            if (!_listed.TryGetValue(prefix, out var keys)) _listed.Add(prefix, keys = new SortedSet<byte[]>(ByBytes));
            keys.Add(key);
        }
    }

    private void Unlist(ChannelLog log)
    {
        if (log.Definition.Kind != ChannelKind.Public) return;
        var key = DirectoryRules.Key(log.Settings.Name, log.Definition.Channel);
        _byKey.Remove(key);
        foreach (var prefix in DirectoryRules.Prefixes(log.Settings.Name))
        {
            if (_listed.TryGetValue(prefix, out var keys) && keys.Remove(key) && keys.Count == 0) _listed.Remove(prefix);
        }
    }
}
