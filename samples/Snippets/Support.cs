using System.Security.Claims;
using System.Text.Json;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>A private channel for each customer who asks for help: made at the first question, handed over from agent to agent, closed.</summary>
public sealed class Support(IRealtimeMessaging messaging)
{
    private const string Prefix = "support:";

    /// <summary>Gives the customer's channel, which is made at the first question and opened again at a later one.</summary>
    public async Task<string> OpenAsync(string customer, CancellationToken cancellationToken)
    {
        var channel = Prefix + customer;
        var info = await messaging.Channels.EnsureAsync(channel, ChannelKind.Private, "Support", cancellationToken: cancellationToken);
        await messaging.Members.AddAsync(channel, customer, cancellationToken: cancellationToken);
        if (info.Settings.Closed) await messaging.Channels.UpdateAsync(channel, new ChannelEdit { Closed = false }, cancellationToken: cancellationToken);
        return channel;
    }

    /// <summary>Gives the channel to an agent. The new one comes before the old one goes, so that the customer is never alone.</summary>
    public async Task HandOverAsync(string channel, string agent, CancellationToken cancellationToken)
    {
        await messaging.Members.SetRoleAsync(channel, agent, ChannelRole.Moderator, cancellationToken: cancellationToken);
        var page = await messaging.Members.ListAsync(channel, cancellationToken: cancellationToken);
        foreach (var (user, role, _, _, _) in page.Members)
            if (role == ChannelRole.Moderator && user != agent) await messaging.Members.RemoveAsync(channel, user, "Handed over", cancellationToken: cancellationToken);
        var data = JsonValue.FromElement(JsonSerializer.SerializeToElement(new { agent }));
        await messaging.Channels.UpdateAsync(channel, new ChannelEdit { Data = data }, cancellationToken: cancellationToken);
    }

    /// <summary>Ends the conversation: everybody may read it, and nobody write until the customer opens it again.</summary>
    public async Task CloseAsync(string channel, CancellationToken cancellationToken)
    {
        await messaging.Messages.SendAsync(channel, "This conversation is closed.", cancellationToken: cancellationToken);
        await messaging.Channels.UpdateAsync(channel, new ChannelEdit { Closed = true }, cancellationToken: cancellationToken);
    }
}

public static class SupportEndpoints
{
    /// <summary>For the customer's page, which asks when the first question is sent, and not before.</summary>
    public static IEndpointConventionBuilder MapSupport(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/support", (ClaimsPrincipal me, Support support, CancellationToken cancellationToken) =>
            support.OpenAsync(me.FindFirstValue(ClaimTypes.NameIdentifier)!, cancellationToken)).RequireAuthorization();
}
