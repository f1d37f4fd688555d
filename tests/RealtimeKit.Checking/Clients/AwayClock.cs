namespace RealtimeKit.Checking.Clients;

/// <summary>How long a client was without a connection at a stretch, and how often it connected. Safe for concurrent use.</summary>
internal sealed class AwayClock(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _since = time.GetTimestamp();
    private TimeSpan _longest;

    /// <summary>How often it connected.</summary>
    public int Connections { get; private set; }

    public void Connected()
    {
        lock (_gate)
        {
            Connections++;
            End();
            _since = null;
        }
    }

    public void Lost()
    {
        lock (_gate) _since ??= time.GetTimestamp();
    }

    /// <summary>The longest absence since it was last asked, one that lasts included.</summary>
    public TimeSpan TakeLongest()
    {
        lock (_gate)
        {
            End();
            var longest = _longest;
            _longest = TimeSpan.Zero;
            return longest;
        }
    }

    private void End()
    {
        if (_since is { } since && time.GetElapsedTime(since) is var away && away > _longest) _longest = away;
    }
}
