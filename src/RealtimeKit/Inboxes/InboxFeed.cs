using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>
/// Reads the rows that changed and writes them to the connected inboxes: what came within a window at once, for all inboxes in few queries. At
/// each repair interval it also asks the store what changed since it asked last, and so finds what no notice told.
/// </summary>
internal sealed partial class InboxFeed(
    IInboxStore store, InboxIndex index, InboxWriter writer, NodeClock clock, StoreOutages outages, ILogger<InboxFeed> logger)
{
    /// <summary>The shortest time between two rows of one channel.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(250);

    // One query reads so many rows, of so many channels, whose last messages may be long.
    private const int RowsPerQuery = 1_000;
    private const int ChannelsPerQuery = 200;

    // More changes than these are looked for user by user.
    private const int MostTouches = 10_000;

    private static readonly TimeSpan PauseOfOutage = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseOfFault = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private InboxPosition? _position;
    private bool _compares;

    /// <summary>Something is to be read.</summary>
    public void Wake() => _due.Writer.TryWrite(true);

    /// <summary>Compares with the store at once.</summary>
    public void Compare()
    {
        if (index.Count == 0) return;
        Volatile.Write(ref _compares, true);
        Wake();
    }

    /// <summary>Runs until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var ended = clock.Time.GetTimestamp() - clock.Time.TimestampFrequency;
            await foreach (var _ in _due.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                // What a comparison finds has waited long enough.
                var wait = Volatile.Read(ref _compares) ? Window - clock.Time.GetElapsedTime(ended) : Window;
                if (wait > TimeSpan.Zero) await Task.Delay(wait, clock.Time, cancellationToken).ConfigureAwait(false);
                var pause = await RunRoundAsync(Interlocked.Exchange(ref _compares, false), cancellationToken).ConfigureAwait(false);
                if (pause > TimeSpan.Zero) await Task.Delay(pause, clock.Time, cancellationToken).ConfigureAwait(false);
                ended = clock.Time.GetTimestamp();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task<TimeSpan> RunRoundAsync(bool compares, CancellationToken cancellationToken)
    {
        var work = new Dictionary<Inbox, HashSet<string>>();
        try
        {
            var reached = compares ? await CompareAsync(cancellationToken).ConfigureAwait(false) : null;
            TakeWork(work);
            if (reached is { } position)
                foreach (var inbox in index.All) inbox.Reach(position);
            await ReadAsync(work, cancellationToken).ConfigureAwait(false);
            return TimeSpan.Zero;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (compares) Volatile.Write(ref _compares, true);
            Wake();
            if (exception is StoreUnavailableException unavailable)
            {
                outages.Note(unavailable);
                return PauseOfOutage;
            }

            RowsNotRead(exception);
            return PauseOfFault;
        }
        finally
        {
            // What was not written is read in the next round.
            foreach (var (inbox, channels) in work)
            {
                foreach (var channel in channels) index.Mark(channel, inbox);
                inbox.Settle();
            }
        }
    }

    private void TakeWork(Dictionary<Inbox, HashSet<string>> work)
    {
        var now = clock.Time.GetTimestamp();
        foreach (var inbox in index.TakeQueue())
        {
            if (!inbox.Output.HasRoom) _ = QueueLaterAsync(inbox, inbox.Output.WaitForRoomAsync());
            else if (inbox.Take(now) is { } channels) work.Add(inbox, channels);
            else _ = QueueLaterAsync(inbox, Task.Delay(Window, clock.Time));
        }
    }

    // Until then it counts as queued, and rows that change meanwhile wait with the others: a client that does not read holds names, no rows.
    private async Task QueueLaterAsync(Inbox inbox, Task room)
    {
        await room.ConfigureAwait(false);
        index.Enqueue(inbox);
    }

    private async Task ReadAsync(Dictionary<Inbox, HashSet<string>> work, CancellationToken cancellationToken)
    {
        // Channel by channel, so that what all members have in common is read once.
        var wanted = work.SelectMany(static one => one.Value, static (one, channel) => (Channel: channel, Inbox: one.Key))
            .OrderBy(static one => one.Channel, StringComparer.Ordinal).ToList();
        for (var from = 0; from < wanted.Count;)
        {
            var keys = new Dictionary<InboxKey, int>();
            var channels = 0;
            var to = from;
            for (; to < wanted.Count && keys.Count < RowsPerQuery; to++)
            {
                if ((to == from || wanted[to].Channel != wanted[to - 1].Channel) && ++channels > ChannelsPerQuery) break;
                keys.TryAdd(new InboxKey(wanted[to].Channel, wanted[to].Inbox.User), keys.Count);
            }

            var (position, rows) = await store.ReadRowsAsync([.. keys.Keys], cancellationToken).ConfigureAwait(false);
            foreach (var part in wanted[from..to].GroupBy(static one => one.Inbox))
            {
                writer.Write(part.Key, part.Select(one => (one.Channel, rows[keys[new InboxKey(one.Channel, one.Inbox.User)]])), [], position.Stamp);
                work[part.Key].ExceptWith(part.Select(static one => one.Channel));
            }

            from = to;
        }
    }

    /// <summary>Marks whatever changed since the last time.</summary>
    /// <returns>The position up to which all is marked; null where there is none for all inboxes.</returns>
    private async Task<InboxPosition?> CompareAsync(CancellationToken cancellationToken)
    {
        var live = index.All.Where(static inbox => inbox.IsLive).ToList();
        if (live.Count == 0)
        {
            _position = null;
            return null;
        }

        // The first time, from where the one stands that is least far.
        _position ??= live.Select(static inbox => inbox.Cursor.Position).MinBy(static position => position.Stamp);
        var touched = await store.FindTouchedAsync(_position.Value, MostTouches, cancellationToken).ConfigureAwait(false);
        if (touched is { More: false })
        {
            foreach (var touch in touched.Touches) index.Mark(touch);
            _position = touched.Position;
            return touched.Position;
        }

        InboxPosition? least = null;
        foreach (var inbox in live)
        {
            var position = await CompareAsync(inbox, cancellationToken).ConfigureAwait(false);
            least = least is { } known && known.Epoch == position.Epoch && known.Stamp <= position.Stamp ? known : position;
        }

        _position = least;
        return least;
    }

    private async Task<InboxPosition> CompareAsync(Inbox inbox, CancellationToken cancellationToken)
    {
        if (await store.FindChangedAsync(inbox.User, inbox.Cursor.Position, cancellationToken).ConfigureAwait(false) is { } delta)
        {
            foreach (var channel in delta.Changed.Concat(delta.Removed)) index.Mark(channel, inbox);
            return delta.Position;
        }

        // The epochs were renewed: everything is read again.
        var memberships = await store.ListMembershipsAsync(inbox.User, cancellationToken).ConfigureAwait(false);
        foreach (var channel in memberships.Channels.Select(static one => one.Channel).Concat(inbox.Channels)) index.Mark(channel, inbox);
        return memberships.Position;
    }

    [LoggerMessage(65, LogLevel.Error, "Rows of inboxes could not be read; trying again.")]
    private partial void RowsNotRead(Exception exception);
}
