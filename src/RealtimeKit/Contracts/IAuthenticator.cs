using System.Security.Claims;

namespace RealtimeKit;

/// <summary>Turns what a client shows into a user. The default takes the transport's principal and no tokens.</summary>
public interface IAuthenticator
{
    /// <summary>Decides who a principal or the bearer of a token is.</summary>
    /// <param name="credentials">Exactly one of a principal and a token.</param>
    /// <param name="cancellationToken">Ends the wait when the connection ends.</param>
    /// <returns>The sign-in, or <see langword="null"/> to refuse.</returns>
    ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken);
}

/// <summary>What a client shows: a principal that the transport authenticated, or a token.</summary>
/// <param name="Principal">The transport's authenticated principal.</param>
/// <param name="Token">The token of <c>connect</c>, <c>refresh</c>, the connection's address or, where the transport has authenticated nobody, its bearer header.</param>
public readonly record struct Credentials(ClaimsPrincipal? Principal, string? Token);

/// <summary>A user who has signed in.</summary>
/// <param name="User">The user: 1 to 128 printable ASCII characters, no space at either end.</param>
/// <param name="Expires">When the sign-in ends; <see langword="null"/> for never. One that has ended is refused.</param>
public sealed record SignIn(string User, DateTimeOffset? Expires = null)
{
    /// <summary>The user's claims, which the authorizer sees as <see cref="AccessRequest.Principal"/>; <see langword="null"/> for none.</summary>
    public ClaimsPrincipal? Principal { get; init; }

    /// <summary>The user whom a principal names: by its name identifier, else by <c>sub</c>, else by its name.</summary>
    /// <param name="principal">The principal.</param>
    /// <param name="expires">When the sign-in ends; <see langword="null"/> for never.</param>
    /// <returns>The sign-in, or <see langword="null"/> where the principal is not authenticated or names nobody.</returns>
    public static SignIn? From(ClaimsPrincipal? principal, DateTimeOffset? expires = null)
    {
        if (principal?.Identity?.IsAuthenticated != true) return null;
        var user = principal.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? principal.FindFirst("sub")?.Value ?? principal.Identity.Name;
        return user is null ? null : new SignIn(user, expires) { Principal = principal };
    }
}
