using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace RealtimeKit.WebSockets;

/// <summary>Has one of the application's authentication schemes read a token, as it would in the header of a request.</summary>
internal sealed class SchemeAuthenticator(
    IOptions<WebSocketTransportOptions> options, IServiceScopeFactory scopes, TimeProvider time) : IAuthenticator
{
    public const string HeaderPrefix = "Bearer ";

    private readonly string _scheme = options.Value.TokenScheme!;

    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
        credentials.Token is { } token
            ? ReadAsync(token, cancellationToken)
            : ValueTask.FromResult(SignIn.From(credentials.Principal));

    private async ValueTask<SignIn?> ReadAsync(string token, CancellationToken cancellationToken)
    {
        // A new request: the one that opened the socket may have been another user's, and its services may be disposed of.
        await using var scope = scopes.CreateAsyncScope();
        var request = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = cancellationToken };
        request.Request.Headers.Authorization = HeaderPrefix + token;
        var result = await request.AuthenticateAsync(_scheme).ConfigureAwait(false);
        if (!result.Succeeded) return null;
        var expires = result.Properties.ExpiresUtc;
        return expires <= time.GetUtcNow() ? null : SignIn.From(result.Principal, expires);
    }
}
