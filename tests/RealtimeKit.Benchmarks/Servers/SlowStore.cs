using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Servers;

/// <summary>A store that takes a given time for each commit, as a database does whose disk is busy.</summary>
internal sealed class SlowStore(IMessageStore store, TimeSpan delay) : IMessageStore
{
    public bool IsShared => store.IsShared;

    public async ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, cancellationToken);
        return await store.AppendAsync(changes, cancellationToken);
    }

    public ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        store.ReadChangesAsync(channel, afterVersion, limit, cancellationToken);

    public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) => store.ReadHistoryAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
        store.ReadHeadsAsync(channels, cancellationToken);
}
