using System.Text.Json;

namespace RealtimeKit.Checking.Clients;

/// <summary>Makes one request after another as one user, over as many connections as it takes. It reads nothing but replies.</summary>
/// <param name="way">The user's way to the nodes.</param>
/// <param name="scene">What the clients share.</param>
internal sealed class RawCaller(IWay way, Scene scene) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly CancellationTokenSource _giveUp = new();
    private RawConnection? _connection;

    /// <summary>Cancelled when it is to end.</summary>
    public CancellationToken GivenUp => _giveUp.Token;

    /// <summary>Makes a request once.</summary>
    /// <returns>The reply; null where none came, and the request may or may not have been carried out.</returns>
    public async Task<JsonElement?> TryAsync(string type, Dictionary<string, object?> fields)
    {
        try
        {
            return await (await ConnectionAsync()).RequestAsync(type, fields);
        }
        catch (ConnectionLostException)
        {
            return null;
        }
    }

    /// <summary>Makes a request until it has another reply than that it is to be made again.</summary>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<JsonElement> UntilAnsweredAsync(string type, Dictionary<string, object?> fields)
    {
        while (true)
        {
            if (await TryAsync(type, fields) is { } reply && (RawConnection.Type(reply) != "error" || Codes.IsDefinite(Code(reply)))) return reply;
            await Task.Delay(Pause, scene.Time, _giveUp.Token);
        }
    }

    /// <summary>The code of an error.</summary>
    public static string Code(JsonElement reply) => reply.GetProperty("code").GetString()!;

    public async ValueTask DisposeAsync()
    {
        await _giveUp.CancelAsync();
        if (_connection is { } connection)
        {
            await connection.AbortAsync();
            connection.Dispose();
        }

        _giveUp.Dispose();
    }

    private async Task<RawConnection> ConnectionAsync()
    {
        if (_connection is { Ended.IsCancellationRequested: false } present) return present;
        _connection?.Dispose();
        _connection = null;
        return _connection = await RawConnection.OpenAsync(way.ConnectAsync, scene.Time, static (_, _, _) => { });
    }
}
