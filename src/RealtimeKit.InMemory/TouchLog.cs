using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>
/// The order of changes that inboxes resume by: the last stamp, the latest changes of all rows, and for each user the channels that the
/// user is no longer in. Guarded by the store's lock.
/// </summary>
internal sealed class TouchLog
{
    private const int Kept = 16_384;

    private readonly InboxTouch[] _latest = new InboxTouch[Kept];
    private readonly Dictionary<string, Dictionary<string, long>> _departures = new(StringComparer.Ordinal);
    private string _epoch = ChannelHead.NewEpoch();
    private long _stamp;

    /// <summary>The position behind all changes so far.</summary>
    public InboxPosition Position => new(_epoch, _stamp + 1);

    /// <summary>Whether a position is one of this store's.</summary>
    public bool Has(InboxPosition position) => position.Epoch == _epoch && position.Stamp <= _stamp + 1;

    /// <summary>Notes a change.</summary>
    /// <returns>Its stamp.</returns>
    public long Note(string channel, string? user = null)
    {
        _stamp++;
        _latest[_stamp % Kept] = new InboxTouch(channel, user, _stamp);
        return _stamp;
    }

    /// <summary>Notes that a user is no longer in a channel.</summary>
    public void NoteDeparture(string channel, string user)
    {
        if (!_departures.TryGetValue(user, out var channels)) _departures.Add(user, channels = new Dictionary<string, long>(StringComparer.Ordinal));
        channels[channel] = Note(channel, user);
    }

    /// <summary>A user is a member again.</summary>
    public void ForgetDeparture(string channel, string user)
    {
        if (_departures.TryGetValue(user, out var channels) && channels.Remove(channel) && channels.Count == 0) _departures.Remove(user);
    }

    /// <summary>The channels that a user left at or after a position.</summary>
    public IReadOnlyList<string> DeparturesOf(string user, long from) =>
        !_departures.TryGetValue(user, out var channels) ? [] : [.. channels.Where(one => one.Value >= from).Select(static one => one.Key)];

    /// <summary>What changed at or after a position.</summary>
    public InboxTouched Since(InboxPosition position, int limit)
    {
        var count = _stamp + 1 - position.Stamp;
        if (count > Math.Min(limit, Kept)) return new InboxTouched(Position, [], More: true);
        var touches = new Dictionary<(string, string?), InboxTouch>();
        for (var stamp = position.Stamp; stamp <= _stamp; stamp++)
        {
            var touch = _latest[stamp % Kept];
            touches[(touch.Channel, touch.User)] = touch;
        }

        return new InboxTouched(Position, [.. touches.Values], More: false);
    }

    /// <summary>No earlier position is of use any more.</summary>
    public void RenewEpoch() => _epoch = ChannelHead.NewEpoch();
}
