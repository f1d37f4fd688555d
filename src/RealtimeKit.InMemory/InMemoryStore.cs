using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>
/// A store that keeps everything in memory, for tests, demos and benchmarks. It keeps the whole contract of a store but
/// durability: what it holds ends with the process. Every call completes at once; safe for concurrent use.
/// </summary>
public sealed partial class InMemoryStore : IMessageStore, IChannelStore, IFileRecords, IMessageSearch
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ChannelLog> _channels = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<IReadOnlyList<AppendResult>>(cancellationToken);
        var plan = new AppendPlan(changes);
        lock (_lock)
        {
            foreach (var channel in plan.Channels)
            {
                if (Find(channel) is { } log) plan.Add(log.Plan());
            }

            foreach (var change in changes)
            {
                if (plan.Find(change.Channel) is not { } channel) continue;
                _channels[change.Channel].Load(channel, change, changes.Count);
                _files.Load(channel, change);
            }

            var results = plan.Decide();
            foreach (var channel in plan.Changed)
            {
                _channels[channel.Name].Write(channel, _touches.Note(channel.Name));
                _files.Write(channel);
            }

            return ValueTask.FromResult<IReadOnlyList<AppendResult>>(results);
        }
    }

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadChangesAsync(
        string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        Locked((channel, afterVersion, limit), static (store, query) =>
            store.Find(query.channel)?.ReadChanges(query.afterVersion, query.limit), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Locked(query, static (store, query) => store.Find(query.Channel)?.ReadHistory(query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(
        IReadOnlyCollection<string> channels, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channels);
        return Locked<IReadOnlyCollection<string>, IReadOnlyList<ChannelHead>>(channels, static (store, names) =>
            [.. names.Select(store.Find).OfType<ChannelLog>().Select(log => log.Head)], cancellationToken);
    }

    private ChannelLog? Find(string channel) => _channels.GetValueOrDefault(channel);

    private ValueTask<TResult> Locked<TArgument, TResult>(
        TArgument argument, Func<InMemoryStore, TArgument, TResult> body, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<TResult>(cancellationToken);
        lock (_lock) return ValueTask.FromResult(body(this, argument));
    }
}
