using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// Makes one connection after another until the client is closed or the server refuses further ones, and hands each to the
/// parts that live across connections.
/// </summary>
internal sealed class ConnectionLoop(
    Uri endpoint, RealtimeClientOptions options, RequestIds ids, RequestTable requests, SubscriptionTable subscriptions, InboxKeeper inbox,
    UserTable users, IReadOnlyList<IConnectionPart> parts, ILogger logger, Action<ConnectionState> stateChanged) : IDisposable
{
    private static readonly string ClientVersion = typeof(ConnectionLoop).Assembly.GetName().Version?.ToString(3) ?? "0";

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstConnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReconnectRules _rules = new(
        new Backoff(options.ReconnectDelay, options.MaxReconnectDelay, options.Random), options.TokenProvider is not null);

    private bool _joining = true;
    private Task? _closed;
    private ServerConnection? _connection;

    /// <summary>Ends when the client is connected for the first time; fails where it is closed.</summary>
    public Task FirstConnected => Volatile.Read(ref _closed) ?? _firstConnected.Task;

    /// <summary>Runs until the client is closed. Never throws.</summary>
    public async Task RunAsync()
    {
        // The caller's thread is not the one to connect on.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            var end = await RunConnectionAsync().ConfigureAwait(false);
            if (end.Code == CloseCode.MessageTooBig) FailLargest();
            foreach (var part in parts) part.Detach();
            if (_stopping.IsCancellationRequested)
            {
                Finish(new ConnectionEnd(CloseCode.Normal, "The application closed the client."), byApplication: true);
                return;
            }

            if (_rules.After(end) is not { } delay)
            {
                Log.Closed(logger, end.Code, end.Reason);
                Finish(end, byApplication: false);
                return;
            }

            Log.Waiting(logger, end.Code, end.Reason, delay);
            stateChanged(new ConnectionState(ConnectionStatus.Waiting, RetryIn: delay, CloseCode: end.Code, Reason: end.Reason));
            await Task.Delay(delay, options.TimeProvider, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Asks the loop to end; it closes the present connection in good order.</summary>
    public void Stop()
    {
        if (Volatile.Read(ref _closed) is not null) return;
        // On another thread: the caller's is not the one to go on with what waits for this.
        _ = _stopping.CancelAsync();
        Volatile.Read(ref _connection)?.BeginClose(new ConnectionEnd(CloseCode.Normal, ""));
    }

    public void Dispose() => _stopping.Dispose();

    private async Task<ConnectionEnd> RunConnectionAsync()
    {
        try
        {
            if (_stopping.IsCancellationRequested) return new ConnectionEnd(CloseCode.Normal, "");
            stateChanged(ConnectionState.Connecting);
            using var limit = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
            var token = options.TokenProvider is { } provider
                ? await ApplicationCode.CallAsync(provider, either.Token).ConfigureAwait(false) : null;
            var opened = await Handshake.OpenAsync(endpoint, options, either.Token).ConfigureAwait(false);
            using var connection = new ServerConnection(opened, options.TimeProvider, _joining);
            return await UseAsync(connection, token, either.Token).ConfigureAwait(false);
        }
        catch (Handshake.RefusedException e)
        {
            return e.End;
        }
#pragma warning disable CA1031 // Token provider and configuration are the application's: whatever fails is a failed attempt.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new ConnectionEnd(CloseCode.Lost, e.Message);
        }
    }

    private async Task<ConnectionEnd> UseAsync(ServerConnection connection, string? token, CancellationToken connectLimit)
    {
        var router = new FrameRouter(connection, ids.Next(), subscriptions, inbox, users, parts);
        Volatile.Write(ref _connection, connection);
        if (_stopping.IsCancellationRequested) connection.BeginClose(new ConnectionEnd(CloseCode.Normal, ""));
        using var buffer = new FrameBuffer();
        ClientRequests.Connect(buffer, router.ConnectId, token, "RealtimeKit.Client", ClientVersion);
        connection.Post(buffer.WrittenSpan.ToArray());
        using var abort = connectLimit.Register(() =>
        {
            if (!router.IsConnected) connection.Abort(new ConnectionEnd(CloseCode.Lost, "The server did not answer in time."));
        });

        var keeping = Task.CompletedTask;
        var signedIn = 0L;
        router.Connected = connected =>
        {
            signedIn = options.TimeProvider.GetTimestamp();
            Log.Connected(logger, endpoint, connected.User, connected.Connection);
            router.Keeper = new ConnectionKeeper(connection, connected, options, requests, parts, logger);
            foreach (var part in parts) part.Attach(connection, connected);
            // After that: whoever sees the state may send at once.
            stateChanged(new ConnectionState(ConnectionStatus.Connected, connected.User) { Features = connected.Features });
            keeping = router.Keeper.RunAsync();
            _firstConnected.TrySetResult();
        };
        var end = await connection.RunAsync(router.Take).ConfigureAwait(false);
        Volatile.Write(ref _connection, null);
        await keeping.ConfigureAwait(false);
        if (router.Refusal is { } refusal) return Handshake.Meaning(RealtimeException.From(refusal));
        return router.IsConnected
            ? end with { Lived = options.TimeProvider.GetElapsedTime(signedIn), ComeBackIn = router.Keeper?.ComeBackIn }
            : end;
    }

    private void FailLargest()
    {
        // A joined message is larger than each of its frames: from now on every frame travels by itself.
        _joining = false;
        if (parts.MaxBy(part => part.LargestUnanswered) is { LargestUnanswered: > 0 } largest)
            largest.FailLargest(new RealtimeException(ErrorCodes.TooLarge, "The connection was closed because a message was too big."));
    }

    private void Finish(ConnectionEnd end, bool byApplication)
    {
        var error = new RealtimeException(
            end.Code == CloseCode.Unauthenticated ? ErrorCodes.Unauthenticated : ClientErrorCodes.Closed,
            $"The client is closed ({(int)end.Code}): {end.Reason}");
        Volatile.Write(ref _closed, Task.FromException(error));
        foreach (var part in parts) part.Close(byApplication ? null : error);
        stateChanged(new ConnectionState(ConnectionStatus.Closed, CloseCode: end.Code, Reason: end.Reason));
        _firstConnected.TrySetException(error);
        _ = (_firstConnected.Task.Exception, _closed.Exception); // Nobody need have asked.
    }
}
