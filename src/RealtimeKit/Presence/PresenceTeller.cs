namespace RealtimeKit;

/// <summary>
/// Tells a channel's subscribers who came and went, a twentieth of a second's changes at a time, each user's latest status
/// once: a thousand arrivals at once then cost each reader a few writes.
/// </summary>
internal sealed class PresenceTeller : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly RealtimeOptions _options;
    private readonly Distributor _distributor;
    private readonly ITimer _timer;
    private HashSet<(LocalChannel Channel, string User)> _changed = [];

    public PresenceTeller(RealtimeOptions options, Distributor distributor, TimeProvider time)
    {
        _options = options;
        _distributor = distributor;
        _timer = time.CreateTimer(static teller => ((PresenceTeller)teller!).Tell(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that a user's status in a channel changed, if it did.</summary>
    public void Note(LocalChannel channel, string user, bool changed)
    {
        if (!changed || channel.Count > _options.PresenceSignalsUpTo) return;
        lock (_gate)
        {
            if (_changed.Add((channel, user)) && _changed.Count == 1) _timer.Change(Window, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        HashSet<(LocalChannel Channel, string User)> changed;
        lock (_gate) (changed, _changed) = (_changed, []);
        foreach (var (channel, user) in changed) _distributor.Presence(channel.Name, user, channel.Presence.StatusOf(user));
    }
}
