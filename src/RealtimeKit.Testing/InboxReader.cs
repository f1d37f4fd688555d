using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Testing;

/// <summary>Holds a user's rows as an inbox does: it asks only for what changed since it asked last.</summary>
internal sealed class InboxReader(IInboxStore store, string user)
{
    private readonly Dictionary<string, ChannelSummary> _rows = new(StringComparer.Ordinal);

    public InboxPosition Position { get; private set; }

    public IReadOnlyDictionary<string, ChannelSummary> Rows => _rows;

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var memberships = await store.ListMembershipsAsync(user, cancellationToken);
        _rows.Clear();
        await ReadAsync([.. memberships.Channels.Select(channel => channel.Channel)], cancellationToken);
        Position = memberships.Position;
    }

    /// <summary>Reads what changed.</summary>
    /// <returns>The channels that were named as changed.</returns>
    public async Task<IReadOnlyList<string>> FollowAsync(CancellationToken cancellationToken)
    {
        var delta = await store.FindChangedAsync(user, Position, cancellationToken);
        Assert.NotNull(delta);
        Assert.Empty(delta.Changed.Intersect(delta.Removed));
        foreach (var removed in delta.Removed) _rows.Remove(removed);
        await ReadAsync(delta.Changed, cancellationToken);
        Position = delta.Position;
        return delta.Changed;
    }

    private async Task ReadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var (_, rows) = await store.ReadRowsAsync([.. names.Select(name => new InboxKey(name, user))], cancellationToken);
        for (var i = 0; i < names.Count; i++)
        {
            if (rows[i] is { } row) _rows[names[i]] = row;
            else _rows.Remove(names[i]);
        }
    }
}
