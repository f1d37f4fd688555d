using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Collects a page of a user's channels, so that every store cuts its pages in the same places. Not safe for concurrent use.
/// </summary>
/// <param name="limit">The most channels; fewer than one counts as one.</param>
public sealed class ChannelPageBuilder(int limit)
{
    /// <summary>About the most bytes of the last messages of a page; the channel that crosses it is the page's last.</summary>
    public const int MaxBytes = 512 * 1024;

    private readonly List<ChannelSummary> _channels = [];
    private ChannelListPosition _last;
    private long _bytes;
    private bool _more;

    /// <summary>How many rows a query needs to return at most: one beyond the page, which tells that there is more.</summary>
    public int Rows => Math.Max(limit, 1) + 1;

    /// <summary>Adds the next channel; false where the page is full without it, and then there is more.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="changed">The time of its latest change, by which the list is ordered.</param>
    public bool TryAdd(ChannelSummary channel, DateTimeOffset changed)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (_channels.Count > 0 && (_channels.Count >= limit || _bytes >= MaxBytes))
        {
            _more = true;
            return false;
        }

        _channels.Add(channel);
        _last = new ChannelListPosition(changed, channel.Channel);
        _bytes += channel.Last is null ? PageBuilder.Envelope : PageBuilder.Size(channel.Last);
        return true;
    }

    /// <summary>The page.</summary>
    public ChannelPage Build() => new(_channels, _more ? _last.ToString() : null);
}
