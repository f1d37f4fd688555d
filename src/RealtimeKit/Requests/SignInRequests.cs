using RealtimeKit.Delivery;
using RealtimeKit.Protocol;
using RealtimeKit.Sessions;
using RealtimeKit.Transports;

namespace RealtimeKit.Requests;

/// <summary>Handles <c>connect</c>, <c>refresh</c>, <c>ping</c> and <c>pong</c>: sign-in, its expiry, and keep-alive.</summary>
internal sealed class SignInRequests(
    IAuthenticator authenticator, UserSessions users, RequestLimits limits, NodeClock clock, RealtimeOptions options, IReadOnlyList<string> features, SessionLog log) : IRequestFamily
{
    private const int LongestToken = 32_768;

    public IEnumerable<RequestType> Types =>
    [
        new("connect", ConnectAsync, null, BeforeSignIn: true),
        new("refresh", RefreshAsync, null),
        new("ping", Ping, null),
        new("pong", static request => request.Session.Refusals.PongAsync(), null, BeforeSignIn: true, WaitsForPublishes: false),
    ];

    private async ValueTask ConnectAsync(Request request)
    {
        var session = request.Session;
        var token = request.Fields.String(FrameField.Token, LongestToken, ErrorCodes.Invalid);
        var client = request.Fields.Object(FrameField.Client);
        client.String(FrameField.Name);
        client.String(FrameField.Version);
        if (client.Fault is { } fault) request.Fields.Fail(fault);
        if (session.IsSignedIn) request.Fields.Fail(new FrameFault(ErrorCodes.Invalid, "This connection has signed in already; 'refresh' takes a new token."));
        if (request.IsFaulty()) return;
        var address = session.Connection.RemoteAddress;
        if (!limits.MaySignIn(address, out var retryAfter))
        {
            request.Error(ErrorCodes.RateLimited, "Too many sign-ins from this address were refused: try again later.", retryAfter);
            session.Close(CloseCode.LimitsAbused, "Too many refused sign-ins.");
            return;
        }

        var (signIn, byPrincipal) = await SignInAsync(session.Connection, token, request.Ended).ConfigureAwait(false);
        if (signIn is null)
        {
            request.Error(ErrorCodes.Unauthenticated, $"The sign-in was refused: no valid cookie, bearer header or token came, or one that has expired, they name different users, or the user's name is not {UserNames.Rule}. The server's log may say more.");
            limits.NoteRefusedSignIn(address);
            session.Audit.SignInRefused(session.Id, address);
            session.RefuseSignIn();
            return;
        }

        if (!users.TryAdd(signIn.User, session))
        {
            request.Error(ErrorCodes.TooMany, $"A user may have at most {options.ConnectionsPerUser} connections.");
            session.Close(CloseCode.LimitsAbused, "Too many connections of one user.");
            return;
        }

        session.SignIn(signIn, byPrincipal);
        using var reply = session.Output.Open();
        ServerReplies.Connected(
            reply.Buffer, request.Id!.Value, new ConnectedReply(
                session.Id, signIn.User, options.NodeName, clock.Timestamp, (long)options.Heartbeat.TotalMilliseconds,
                signIn.Expires, options.ChannelsPerConnection, features));
    }

    private static ValueTask Ping(Request request)
    {
        request.Ok();
        return ValueTask.CompletedTask;
    }

    private async ValueTask RefreshAsync(Request request)
    {
        var session = request.Session;
        var token = request.Fields.RequiredString(FrameField.Token, LongestToken, ErrorCodes.Invalid);
        if (request.IsFaulty()) return;
        if (session.ByPrincipal)
        {
            request.Error(ErrorCodes.Unsupported, "This sign-in came with the HTTP request of the connection: connect again to renew it.");
            return;
        }

        var signIn = await AuthenticateAsync(new Credentials(null, token), request.Ended).ConfigureAwait(false);
        if (signIn is null)
        {
            request.Error(ErrorCodes.Unauthenticated, "The token was refused; the old sign-in stays.");
        }
        else if (signIn.User != session.User)
        {
            request.Error(ErrorCodes.Forbidden, "The token is another user's; the old sign-in stays.");
        }
        else
        {
            (session.Expires, session.Principal) = (signIn.Expires, signIn.Principal);
            request.Ok(expires: signIn.Expires);
        }
    }

    // All that a client shows must name the same user. A token of the address that is worth nothing signs nobody in: the frame's may do so still.
    private async ValueTask<(SignIn? SignIn, bool ByPrincipal)> SignInAsync(
        ITransportConnection connection, string? token, CancellationToken cancellationToken)
    {
        var inAddress = connection.Token == token ? null : connection.Token;
        var byAddress = inAddress is null ? null : await AuthenticateAsync(new Credentials(null, inAddress), cancellationToken).ConfigureAwait(false);
        var byFrame = token is null ? null : await AuthenticateAsync(new Credentials(null, token), cancellationToken).ConfigureAwait(false);
        var isRefused = token is null ? inAddress is not null && byAddress is null : byFrame is null || (byAddress is not null && byAddress.User != byFrame.User);
        if (connection.Principal?.Identity?.IsAuthenticated != true) return (isRefused ? null : byFrame ?? byAddress, false);

        var byPrincipal = await AuthenticateAsync(new Credentials(connection.Principal, null), cancellationToken).ConfigureAwait(false);
        if (byPrincipal is not null && connection.PrincipalExpires is { } expires && !(byPrincipal.Expires < expires))
            byPrincipal = Unexpired(byPrincipal with { Expires = expires });
        return (isRefused || (byFrame ?? byAddress ?? byPrincipal)?.User != byPrincipal?.User ? null : byPrincipal, true);
    }

    private SignIn? Unexpired(SignIn signIn) => signIn.Expires <= clock.Timestamp ? null : signIn;

    private async ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        try
        {
            var signIn = await authenticator.AuthenticateAsync(credentials, cancellationToken).ConfigureAwait(false);
            if (signIn is null) return null;
            if (UserNames.IsValid(signIn.User) && signIn.User != options.SystemUser) return Unexpired(signIn);
            log.BadUser(UserNames.Printable(signIn.User));
            return null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            log.SignInFailed(exception);
            return null;
        }
    }
}
