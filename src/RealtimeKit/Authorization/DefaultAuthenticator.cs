using System.Security.Claims;

namespace RealtimeKit;

/// <summary>The transport's principal is the user: its name identifier, or else its name. Tokens are refused.</summary>
internal sealed class DefaultAuthenticator : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        var principal = credentials.Principal;
        var user = principal?.FindFirstValue(ClaimTypes.NameIdentifier) ?? principal?.FindFirstValue("sub") ?? principal?.Identity?.Name;
        return ValueTask.FromResult(user is null ? null : new SignIn(user));
    }
}

file static class ClaimsPrincipalExtensions
{
    public static string? FindFirstValue(this ClaimsPrincipal principal, string type) => principal.FindFirst(type)?.Value;
}
