using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

public sealed partial class InMemoryStore
{
    private readonly TimeOrder _order = new();

    /// <inheritdoc/>
    public ValueTask<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Locked(query, static (store, query) => store.Search(query), cancellationToken);
    }

    private SearchPage Search(SearchQuery query)
    {
        var page = new SearchPageBuilder(query);
        foreach (var (position, log, message) in _order.Before(query.Before))
        {
            if (message.Time < query.Since) break;
            if (!(IsVisible(log, query) ? page.TryAdd(message, position) : page.TryPass(position))) break;
        }

        return page.Build();
    }

    private static bool IsVisible(ChannelLog log, SearchQuery query)
    {
        if (query.Channel is { } channel) return log.Definition.Channel == channel;
        if (query.User is not { } user || log.Roster.Role(user) is not null) return true;
        return log.Definition.Kind == ChannelKind.Public && log.Roster.Ban(user)?.HoldsAt(query.Time) != true;
    }
}
