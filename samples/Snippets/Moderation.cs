using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using RealtimeKit;

namespace Snippets;

/// <summary>Bans users from all channels. Register: <c>.UseChannelAuthorizer&lt;Bans&gt;()</c> and <c>app.MapBans().RequireAuthorization("moderators")</c></summary>
public sealed class Bans(IOptions<RealtimeOptions> options) : DefaultChannelAuthorizer(options)
{
    // In an application, a table of your database that this is filled from at the start of every node.
    private readonly ConcurrentDictionary<string, bool> _users = new(StringComparer.Ordinal);

    public void Add(string user) => _users[user] = true;

    public override ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
        _users.ContainsKey(request.User) ? ValueTask.FromResult(Access.Hidden) : base.AuthorizeAsync(request, cancellationToken);
}

public static class Moderation
{
    public static IEndpointConventionBuilder MapBans(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/bans/{user}", async (string user, Bans bans, IRealtimeMessaging messaging) =>
        {
            // First the rule, then the connections: whoever comes back finds no channel.
            bans.Add(user);
            return await messaging.Users.DisconnectAsync(user, "You were banned.");
        });
}
