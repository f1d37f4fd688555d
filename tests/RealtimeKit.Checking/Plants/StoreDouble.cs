using RealtimeKit.Stores;

namespace RealtimeKit.Checking.Plants;

/// <summary>A store that does what the real one does, but for what a plant does otherwise.</summary>
internal abstract class StoreDouble(IMessageStore inner) : IMessageStore
{
    protected IMessageStore Inner => inner;

    public bool IsShared => inner.IsShared;

    public virtual ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) =>
        inner.AppendAsync(changes, cancellationToken);

    public virtual ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
        inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken);

    public virtual ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        inner.ReadHistoryAsync(query, cancellationToken);

    public virtual ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
        inner.ReadHeadsAsync(channels, cancellationToken);
}

/// <summary>Knows which numbers come next in each channel, as far as this node can know.</summary>
internal sealed class Numbers
{
    private readonly Dictionary<string, (long Sequence, long Version)> _heads = [];

    public void Learn(IReadOnlyList<AppendResult> results)
    {
        foreach (var result in results)
            if (result is { Outcome: AppendOutcome.Appended, Message: { } message }) Learn(message.Channel, message.Sequence, message.Version);
    }

    public void Learn(string channel, long sequence, long version)
    {
        lock (_heads)
        {
            var (knownSequence, knownVersion) = _heads.GetValueOrDefault(channel);
            _heads[channel] = (Math.Max(knownSequence, sequence), Math.Max(knownVersion, version));
        }
    }

    /// <summary>The numbers that the next post would get, taken; nothing where the channel is not known yet.</summary>
    public (long Sequence, long Version)? Take(string channel)
    {
        lock (_heads)
        {
            if (!_heads.TryGetValue(channel, out var head)) return null;
            return _heads[channel] = (head.Sequence + 1, head.Version + 1);
        }
    }
}
