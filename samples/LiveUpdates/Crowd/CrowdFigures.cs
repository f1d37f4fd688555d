namespace RealtimeKit.Samples;

/// <summary>What the crowd has seen so far.</summary>
/// <param name="Watching">Watchers who are connected now.</param>
/// <param name="Away">Watchers who went away and will come back.</param>
/// <param name="Delivered">Changes that reached a watcher.</param>
/// <param name="PerSecond">The same within the last whole second.</param>
/// <param name="SlowestMilliseconds">The longest that one of them was under way, to a watcher who was there when it was sent.</param>
/// <param name="Returned">How often somebody came back.</param>
/// <param name="CaughtUp">Changes that were sent to somebody who had been away.</param>
/// <param name="Missing">Changes that a watcher should have had and had not.</param>
internal sealed record CrowdPicture(
    int Watching, int Away, long Delivered, long PerSecond, long SlowestMilliseconds, long Returned, long CaughtUp, long Missing);

/// <summary>Counts what the watchers see.</summary>
internal sealed class CrowdFigures
{
    private readonly Lock _gate = new();
    private CrowdPicture _picture = new(0, 0, 0, 0, 0, 0, 0, 0);
    private long _second;
    private long _slowest;

    public CrowdPicture Read()
    {
        lock (_gate) return _picture;
    }

    public void Came(bool back)
    {
        lock (_gate)
            _picture = _picture with { Watching = _picture.Watching + 1, Away = _picture.Away - (back ? 1 : 0), Returned = _picture.Returned + (back ? 1 : 0) };
    }

    public void Went()
    {
        lock (_gate) _picture = _picture with { Watching = _picture.Watching - 1, Away = _picture.Away + 1 };
    }

    public void Delivered(TimeSpan age, bool wasAway, long missing)
    {
        lock (_gate)
        {
            _second++;
            if (!wasAway) _slowest = Math.Max(_slowest, (long)age.TotalMilliseconds);
            if (wasAway || missing > 0)
                _picture = _picture with { CaughtUp = _picture.CaughtUp + (wasAway ? 1 : 0), Missing = _picture.Missing + missing };
        }
    }

    /// <summary>A second is over.</summary>
    public void Turn()
    {
        lock (_gate)
        {
            _picture = _picture with { Delivered = _picture.Delivered + _second, PerSecond = _second, SlowestMilliseconds = _slowest };
            (_second, _slowest) = (0, 0);
        }
    }
}
