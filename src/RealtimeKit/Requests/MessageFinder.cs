using System.Security.Claims;
using RealtimeKit.Delivery;
using RealtimeKit.Stores;

namespace RealtimeKit.Requests;

/// <summary>Searches for a user or for the application.</summary>
internal sealed class MessageFinder(IMessageSearch search, IChannelStore channels, IChannelAuthorizer authorizer, NodeClock clock)
{
    /// <summary>Finds a page. Without a channel it has only what the user may read, also where the host has rules of its own.</summary>
    public async ValueTask<SearchPage> FindAsync(SearchQuery query, ClaimsPrincipal? principal, CancellationToken cancellationToken)
    {
        var page = await search.SearchAsync(query, cancellationToken).ConfigureAwait(false);
        if (query.Channel is not null || query.User is not { } user) return page;
        var readable = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var hit in page.Hits)
        {
            var channel = hit.Message.Channel;
            if (!readable.ContainsKey(channel)) readable.Add(channel, await AskAsync(channel, user, principal, cancellationToken).ConfigureAwait(false) == Access.Allowed);
        }

        return page with { Hits = [.. page.Hits.Where(hit => readable[hit.Message.Channel])] };
    }

    /// <summary>Whether a user may read a channel; one that does not exist is hidden.</summary>
    public async ValueTask<Access> AskAsync(string channel, string user, ClaimsPrincipal? principal, CancellationToken cancellationToken)
    {
        if (await channels.FindAsync(channel, user, cancellationToken).ConfigureAwait(false) is not { } view) return Access.Hidden;
        var asked = view.Ask(user, ChannelOperation.Read, clock.Timestamp) with { Principal = principal };
        return await authorizer.AuthorizeAsync(asked, cancellationToken).ConfigureAwait(false);
    }
}
