using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>The messages of all channels by time, and those of the same time as they were stored. Guarded by the store's lock.</summary>
internal sealed class TimeOrder
{
    private readonly List<(SearchPosition Position, ChannelLog Log, StoredMessage Message)> _messages = [];
    private long _stored;

    public void Add(ChannelLog log, StoredMessage message)
    {
        var position = new SearchPosition(0, message.Message.Time.ToUnixTimeMilliseconds(), ++_stored);
        // Nearly always it is the latest.
        var place = _messages.Count;
        while (place > 0 && _messages[place - 1].Position.Time > position.Time) place--;
        _messages.Insert(place, (position, log, message));
    }

    public void Remove(ChannelLog log) => _messages.RemoveAll(entry => ReferenceEquals(entry.Log, log));

    /// <summary>The messages before a place, the latest first.</summary>
    public IEnumerable<(SearchPosition Position, ChannelLog Log, Message Message)> Before(SearchPosition? before)
    {
        for (var place = before is { } end ? CountBefore(end) - 1 : _messages.Count - 1; place >= 0; place--)
        {
            var (position, log, message) = _messages[place];
            yield return (position, log, message.Message);
        }
    }

    private int CountBefore(SearchPosition end)
    {
        var (first, last) = (0, _messages.Count);
        while (first < last)
        {
            var middle = (first + last) / 2;
            var position = _messages[middle].Position;
            if (position.Time < end.Time || (position.Time == end.Time && position.Place < end.Place)) first = middle + 1;
            else last = middle;
        }

        return first;
    }
}
