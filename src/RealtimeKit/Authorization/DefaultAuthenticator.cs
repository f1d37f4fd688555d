namespace RealtimeKit;

/// <summary>The transport's principal is the user: its name identifier, or else its name. Tokens are refused.</summary>
internal sealed class DefaultAuthenticator : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SignIn.From(credentials.Principal));
}
