namespace RealtimeKit.Client;

/// <summary>Numbers the requests of a client; no number comes twice, whatever the connection.</summary>
internal sealed class RequestIds
{
    private long _last;

    public long Next() => Interlocked.Increment(ref _last);
}
