using Microsoft.Extensions.Logging;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>
/// The channels that the user is a member of, live, with what is unread in each and in all. It stays open over lost connections: what changed
/// meanwhile comes when there is a connection again. All members are safe for concurrent use.
/// </summary>
public sealed class RealtimeInbox
{
    private const int MostChanges = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ChannelSummary> _rows = new(StringComparer.Ordinal);
    private readonly EventQueue<InboxChange> _changes;
    private readonly InboxKeeper _keeper;
    private readonly ILogger _logger;
    // The channels that came since all began anew; null while only changes come.
    private HashSet<string>? _fresh;
    private UnreadTotals _totals;

    internal RealtimeInbox(InboxKeeper keeper, ILogger logger)
    {
        (_keeper, _logger) = (keeper, logger);
        _changes = new EventQueue<InboxChange>(Raise, MostChanges);
    }

    /// <summary>
    /// Raised after rows or totals changed; one change at a time, in order, on a thread of the pool. The connection does not wait for handlers.
    /// Where one holds up 256 changes, the oldest of them are left out: <see cref="Rows"/> has them. What a handler throws is logged.
    /// </summary>
    public event EventHandler<InboxChange>? Changed;

    /// <summary>The rows, the latest change first.</summary>
    public IReadOnlyList<ChannelSummary> Rows
    {
        get
        {
            lock (_gate)
                return [.. _rows.Values.OrderByDescending(static row => row.Changed).ThenBy(static row => row.Channel, StringComparer.Ordinal)];
        }
    }

    /// <summary>What is unread in all channels. They count as <see cref="ChannelNotify"/> has it.</summary>
    public UnreadTotals Totals
    {
        get
        {
            lock (_gate) return _totals;
        }
    }

    /// <summary>Whether the rows are level with the server now.</summary>
    public bool IsLevel => _keeper.IsLevel;

    /// <summary>The row of a channel; <see langword="null"/> where the user is not in it.</summary>
    public ChannelSummary? Find(string channel)
    {
        lock (_gate) return _rows.GetValueOrDefault(channel);
    }

    /// <summary>Closes it: its rows change no more. Closing twice does nothing.</summary>
    public void Close() => _keeper.Close(this);

    internal void Begin(InboxReply reply)
    {
        lock (_gate) _fresh = reply.Reset ? new HashSet<string>(StringComparer.Ordinal) : null;
    }

    internal void Take(InboxRowsFrame frame)
    {
        var removed = new List<string>();
        lock (_gate)
        {
            foreach (var channel in frame.Removed)
                if (_rows.Remove(channel)) removed.Add(channel);
            foreach (var row in frame.Channels)
            {
                _rows[row.Channel] = row;
                _fresh?.Add(row.Channel);
            }

            if (!frame.More && _fresh is { } fresh)
            {
                // All rows came: what is not among them is no more.
                foreach (var channel in _rows.Keys.Where(channel => !fresh.Contains(channel)).ToList())
                {
                    _rows.Remove(channel);
                    removed.Add(channel);
                }

                _fresh = null;
            }

            var isSame = frame.Channels.Count == 0 && removed.Count == 0 && frame.Totals == _totals;
            _totals = frame.Totals;
            if (isSame) return;
        }

        _changes.Add(new InboxChange(frame.Channels, removed, frame.Totals));
    }

    private void Raise(InboxChange change)
    {
        foreach (var handler in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                handler(this, change);
            }
#pragma warning disable CA1031 // A handler is the application's; what it throws must not reach the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.HandlerThrew(_logger, e);
            }
        }
    }
}

/// <summary>What became of an inbox.</summary>
/// <param name="Rows">The rows that are new or other ones now.</param>
/// <param name="Removed">The channels that the user is no longer in.</param>
/// <param name="Totals">What is unread in all channels now.</param>
public sealed record InboxChange(IReadOnlyList<ChannelSummary> Rows, IReadOnlyList<string> Removed, UnreadTotals Totals);
