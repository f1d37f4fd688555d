using Microsoft.Extensions.Options;
using RealtimeKit;
using RealtimeKit.Protocol;

namespace Snippets;

/// <summary>
/// Keeps tenants apart: every user and channel has its tenant before a colon, such as <c>acme:17</c> and <c>acme:lobby</c>.
/// Register: <c>.UseAuthenticator&lt;TenantSignIn&gt;().UseChannelAuthorizer&lt;Tenants&gt;()</c>
/// </summary>
public sealed class Tenants(IOptions<RealtimeOptions> options) : DefaultChannelAuthorizer(options)
{
    public override ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
        IsWithinTenant(request) ? base.AuthorizeAsync(request, cancellationToken) : ValueTask.FromResult(Access.Hidden);

    /// <summary>The tenant of a user or channel; <see langword="null"/> where it has none.</summary>
    public static string? Of(string id) => id.Split(':', 2) is [var tenant, _] ? tenant : null;

    private static bool IsWithinTenant(in AccessRequest request)
    {
        if (Of(request.User) is not { } tenant) return false;
        // The server names direct channels, without a colon. Both users are of one tenant: the other one was the target when it was made.
        var channel = Of(request.Channel);
        var isWithin = channel == tenant || (channel is null && request.Kind == ChannelKind.Direct);
        return isWithin && (request.Target is null || Of(request.Target) == tenant);
    }
}

/// <summary>Signs in who has a cookie with the claim <c>tenant</c>, under a name with the tenant in front.</summary>
public sealed class TenantSignIn : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        var tenant = credentials.Principal?.FindFirst("tenant")?.Value;
        // A colon in a tenant's own name would make two of it.
        if (string.IsNullOrEmpty(tenant) || tenant.Contains(':', StringComparison.Ordinal)) return ValueTask.FromResult<SignIn?>(null);
        return ValueTask.FromResult(SignIn.From(credentials.Principal) is { } signIn ? signIn with { User = $"{tenant}:{signIn.User}" } : null);
    }
}
