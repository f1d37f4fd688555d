using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Options;
using RealtimeKit.Protocol;
using RealtimeKit.Transports;

namespace RealtimeKit.Files;

/// <summary>Who sends a request, found as for the WebSocket: by what the application has authenticated, or by a token in the header or the address.</summary>
internal sealed class HttpSignIn(
    IAuthenticator authenticator, IOptions<RealtimeOptions> options, IRequestLimiter limits, IRequestAudit audit, TimeProvider time, FileLog log)
{
    private const string HeaderPrefix = "Bearer ";
    private const int LongestToken = 32_768;

    /// <summary>Finds the user.</summary>
    /// <returns><see langword="null"/> where nobody is signed in, or two names were given.</returns>
    public async ValueTask<SignIn?> FindAsync(HttpContext context)
    {
        // Not HttpContext.User, which creates a principal if nobody was authenticated.
        var principal = context.Features.Get<IHttpAuthenticationFeature>()?.User;
        var isAuthenticated = principal?.Identity?.IsAuthenticated == true;
        var inAddress = context.Request.Query.TryGetValue("access_token", out var query) ? query.ToString() : null;
        var byPrincipal = isAuthenticated ? await AskAsync(new Credentials(principal, null), context.RequestAborted).ConfigureAwait(false) : null;
        if (isAuthenticated && (byPrincipal is null || Expiry(context) <= time.GetUtcNow())) return Refuse(context);
        var token = inAddress ?? (isAuthenticated ? null : HeaderToken(context.Request));
        if (token is null) return byPrincipal;
        // Tokens are guessed here no faster than on connections.
        var address = context.Connection.RemoteIpAddress;
        if (!limits.MaySignIn(address, out _)) return null;
        var byToken = token.Length > LongestToken ? null : await AskAsync(new Credentials(null, token), context.RequestAborted).ConfigureAwait(false);
        if (byToken is null) limits.NoteRefusedSignIn(address);
        var isGood = byToken is not null && !(byToken.Expires <= time.GetUtcNow()) && (!isAuthenticated || byToken.User == byPrincipal!.User);
        return isGood ? byToken : Refuse(context);
    }

    /// <summary>Whether a browser may have added the sign-in by itself, for a page of anybody.</summary>
    public static bool IsByCookie(HttpRequest request) => request.Headers.Authorization.Count == 0 && !request.Query.ContainsKey("access_token");

    // One who gave nothing has not tried to sign in.
    private SignIn? Refuse(HttpContext context)
    {
        audit.SignInRefused(context.TraceIdentifier, context.Connection.RemoteIpAddress);
        return null;
    }

    private static DateTimeOffset? Expiry(HttpContext context) => context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;

    private static string? HeaderToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase) ? header[HeaderPrefix.Length..] : null;
    }

    private async ValueTask<SignIn?> AskAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        try
        {
            var signIn = await authenticator.AuthenticateAsync(credentials, cancellationToken).ConfigureAwait(false);
            return signIn is not null && UserNames.IsValid(signIn.User) && signIn.User != options.Value.SystemUser ? signIn : null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            log.SignInFailed(exception);
            return null;
        }
    }
}
