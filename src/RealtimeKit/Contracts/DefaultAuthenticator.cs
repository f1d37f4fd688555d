using Microsoft.Extensions.Logging;

namespace RealtimeKit;

/// <summary>The transport's principal is the user: its name identifier, or else its name. Tokens are refused.</summary>
internal sealed partial class DefaultAuthenticator(ILogger<DefaultAuthenticator> logger) : IAuthenticator
{
    private int _tokenRefusalLogged;

    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        var signIn = SignIn.From(credentials.Principal);
        if (signIn is null)
        {
            if (credentials.Principal?.Identity?.IsAuthenticated == true) UserNameless();
            // Anybody can send tokens, so the entry is written once.
            else if (credentials.Token is not null && Interlocked.Exchange(ref _tokenRefusalLogged, 1) == 0) TokenRefused();
        }

        return ValueTask.FromResult(signIn);
    }

    [LoggerMessage(27, LogLevel.Warning, "A token was refused: nothing here reads tokens. Call UseTokenScheme(\"Bearer\"), with the authentication scheme of your API, or UseAuthenticator<T>().")]
    private partial void TokenRefused();

    [LoggerMessage(28, LogLevel.Warning, "A sign-in was refused: the user is authenticated but has none of the claims name identifier, sub and name. Give one when signing in, or call UseAuthenticator<T>().")]
    private partial void UserNameless();
}
