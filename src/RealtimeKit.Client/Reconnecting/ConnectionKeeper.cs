using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>What a living connection needs: an eye on its silence, a sign-in that does not expire, a move when the node goes away.</summary>
internal sealed class ConnectionKeeper(
    ServerConnection connection, ConnectedFrame connected, RealtimeClientOptions options, RequestTable requests, IReadOnlyList<IConnectionPart> parts, ILogger logger)
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(20);
    private readonly long _signedIn = options.TimeProvider.GetTimestamp();
    private int _moving;
    private long _moveAt;

    private TimeProvider Time => options.TimeProvider;

    /// <summary>When the server asked to come back, counted from now; nothing where it did not ask.</summary>
    public TimeSpan? ComeBackIn
    {
        get
        {
            if (Volatile.Read(ref _moving) == 0) return null;
            var left = TimeSpan.FromTicks(Volatile.Read(ref _moveAt)) - Time.GetElapsedTime(0);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Ends when the connection does. Never throws.</summary>
    public Task RunAsync() => Task.WhenAll(WatchSilenceAsync(), KeepSignedInAsync());

    /// <summary>Connects again at a random moment within the time that the server gives.</summary>
    public void Move(TimeSpan within)
    {
        var wait = within * options.Random.NextDouble();
        Volatile.Write(ref _moveAt, (Time.GetElapsedTime(0) + wait).Ticks);
        if (Interlocked.Exchange(ref _moving, 1) == 0) _ = MoveAsync(wait);
    }

    private async Task MoveAsync(TimeSpan wait)
    {
        if (!await WaitAsync(wait).ConfigureAwait(false)) return;
        // What is under way gets its answer here, where it was asked, and need not be asked twice.
        foreach (var part in parts) part.Pause(connection);
        for (var waited = TimeSpan.Zero; waited < DrainTimeout && parts.Sum(part => part.Unanswered) > 0; waited += DrainStep)
            if (!await WaitAsync(DrainStep).ConfigureAwait(false)) return;
        connection.BeginClose(new ConnectionEnd(CloseCode.GoingAway, "The node goes away."));
    }

    private async Task WatchSilenceAsync()
    {
        // The server sends something every heartbeat; after two without anything it is gone, whatever TCP believes.
        var limit = connected.Heartbeat * 2;
        while (await WaitAsync(Larger(limit - connection.Silence, TimeSpan.FromMilliseconds(1))).ConfigureAwait(false))
        {
            if (connection.Silence < limit) continue;
            connection.Abort(new ConnectionEnd(CloseCode.Lost, "The server sent nothing for two heartbeats."));
            return;
        }
    }

    private async Task KeepSignedInAsync()
    {
        if (options.TokenProvider is not { } provider) return;
        // The expiry is a time of the server's clock; the client's clock may be wrong, and be set meanwhile.
        var lifetime = connected.Expires - connected.Time;
        while (lifetime is { } left && await WaitAsync(Larger(left * 0.75, TimeSpan.FromMilliseconds(100))).ConfigureAwait(false))
        {
            lifetime = left * 0.25;
            try
            {
                if (await ApplicationCode.CallAsync(provider, connection.Ended).ConfigureAwait(false) is not { } token) return;
                var asked = connected.Time + Time.GetElapsedTime(_signedIn);
                var reply = await requests.SendAsync<OkFrame>((output, id) => ClientRequests.Refresh(output, id, token), repeat: false, connection.Ended)
                    .ConfigureAwait(false);
                lifetime = reply.Expires - asked;
            }
            catch (Exception) when (connection.Ended.IsCancellationRequested)
            {
                return;
            }
            catch (RealtimeException e) when (e.Code is ErrorCodes.Unsupported or ErrorCodes.Forbidden)
            {
                Log.RefreshFailed(logger, e.Message);
                return;
            }
#pragma warning disable CA1031 // The provider is the application's; whatever it throws, the old sign-in stays and there is another try.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.RefreshFailed(logger, e.Message);
            }
        }
    }

    private async Task<bool> WaitAsync(TimeSpan delay)
    {
        await Task.Delay(delay < LongestWait ? delay : LongestWait, Time, connection.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !connection.Ended.IsCancellationRequested;
    }

    private static TimeSpan Larger(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
