using RealtimeKit.Client;

namespace RealtimeKit.EndToEnd.Plug;

/// <summary>Measures how long a client is without a connection, from a loss to the next sign-in.</summary>
internal sealed class OutageWatch
{
    private readonly Lock _gate = new();
    private bool _wasConnected;
    private long? _since;
    private TimeSpan _longest;

    public OutageWatch(RealtimeClient client) => client.StateChanged += (_, state) =>
    {
        lock (_gate)
        {
            if (state.Status == ConnectionStatus.Connected) (_wasConnected, _longest, _since) = (true, Longest, null);
            else if (_wasConnected) _since ??= TimeProvider.System.GetTimestamp();
        }
    };

    /// <summary>The longest so far, one that lasts included.</summary>
    public TimeSpan Longest
    {
        get
        {
            lock (_gate)
            {
                var present = _since is { } since ? TimeProvider.System.GetElapsedTime(since) : TimeSpan.Zero;
                return present > _longest ? present : _longest;
            }
        }
    }
}
