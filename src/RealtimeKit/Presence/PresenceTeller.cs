namespace RealtimeKit;

/// <summary>
/// Tells a channel's subscribers who came and went, a tenth of a second's changes at a time: a thousand arrivals at once
/// then cost each reader a few writes, and whoever only reloads a page is not told to have left.
/// </summary>
internal sealed class PresenceTeller : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly RealtimeOptions _options;
    private readonly Distributor _distributor;
    private readonly ITimer _timer;
    private Dictionary<(LocalChannel Channel, string User), string> _changed = [];

    public PresenceTeller(RealtimeOptions options, Distributor distributor, TimeProvider time)
    {
        _options = options;
        _distributor = distributor;
        _timer = time.CreateTimer(static teller => ((PresenceTeller)teller!).Tell(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that a user's status in a channel changed.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">The user.</param>
    /// <param name="before">The status before, or null where it did not change.</param>
    public void Note(LocalChannel channel, string user, string? before)
    {
        if (before is null || channel.Count > _options.PresenceSignalsUpTo) return;
        lock (_gate)
        {
            if (_changed.TryAdd((channel, user), before) && _changed.Count == 1) _timer.Change(Window, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tell()
    {
        Dictionary<(LocalChannel Channel, string User), string> changed;
        lock (_gate) (changed, _changed) = (_changed, []);
        foreach (var ((channel, user), before) in changed)
        {
            var now = channel.Presence.StatusOf(user);
            if (now != before) _distributor.Presence(channel.Name, user, now);
        }
    }
}
