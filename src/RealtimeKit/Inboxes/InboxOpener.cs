using Microsoft.Extensions.Logging;
using RealtimeKit.Delivery;
using RealtimeKit.Diagnostics;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>Opens inboxes: finds what a client is to get, begins to note changes, and writes pages until the client is level.</summary>
internal sealed partial class InboxOpener(
    IInboxStore store, InboxIndex index, InboxWriter writer, NodeClock clock, StoreOutages outages, ILogger<InboxOpener> logger)
{
    private const int RowsPerPage = 100;
    private static readonly TimeSpan LongestHearing = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Bounds how many users' memberships are counted at once for those who wait for nothing.
    private readonly SemaphoreSlim _counts = new(4, 4);

    /// <summary>Finds how an inbox begins.</summary>
    /// <param name="inbox">The inbox, which is not open yet.</param>
    /// <param name="after">The client's cursor, if any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">The store is out of reach; the inbox is not open.</exception>
    public async ValueTask<InboxBeginning> BeginAsync(Inbox inbox, string? after, CancellationToken cancellationToken)
    {
        var cursor = InboxCursor.TryParse(after, inbox.Owner);
        var delta = cursor is { } known ? await store.FindChangedAsync(inbox.User, known.Position, cancellationToken).ConfigureAwait(false) : null;
        // Nothing changed: neither did the totals, and the rest can wait.
        if (delta is { IsEmpty: true })
        {
            var level = new InboxCursor(delta.Position, cursor!.Value.Totals, inbox.Owner);
            return new InboxBeginning(level.ToString(), IsReset: false, level.Totals, delta.Position, Listed: null);
        }

        index.Add(inbox);
        try
        {
            var memberships = await store.ListMembershipsAsync(inbox.User, cancellationToken).ConfigureAwait(false);
            return delta is null
                ? new InboxBeginning(InboxCursor.Begin, IsReset: true, memberships.Totals, memberships.Position, memberships)
                : new InboxBeginning(after!, IsReset: false, memberships.Totals, cursor!.Value.Position, memberships);
        }
        catch
        {
            index.Remove(inbox);
            throw;
        }
    }

    /// <summary>Writes what the client has not, and from then on what changes. The reply was written before; returns at once.</summary>
    public void Start(Inbox inbox, InboxBeginning beginning) => _ = RunAsync(inbox, beginning);

    /// <summary>Ends an inbox, of which nothing is written any more.</summary>
    public void End(Inbox inbox) => index.Remove(inbox);

    private async Task RunAsync(Inbox inbox, InboxBeginning beginning)
    {
        for (var pause = FirstPause; !inbox.IsEnded; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks)))
        {
            try
            {
                await BringLevelAsync(inbox, beginning).ConfigureAwait(false);
                return;
            }
            catch (StoreUnavailableException exception)
            {
                outages.Note(exception);
            }
            catch (Exception exception)
            {
                InboxNotRead(exception);
                inbox.Output.Close(CloseCode.Internal, "The inbox could not be read.");
                return;
            }

            await Task.Delay(pause, clock.Time).ConfigureAwait(false);
        }
    }

    private async Task BringLevelAsync(Inbox inbox, InboxBeginning beginning)
    {
        var memberships = beginning.Listed ?? await ListInTurnAsync(inbox).ConfigureAwait(false);
        var names = memberships.Channels.Select(static one => one.Channel).ToList();
        foreach (var one in memberships.Channels) inbox.Set(index.Share(one.Channel), one.Counts, memberships.Position.Stamp);
        var hearing = index.AddAsync(inbox, names);
        if (inbox.IsEnded) return;
        await Task.WhenAny(hearing, Task.Delay(LongestHearing, clock.Time)).ConfigureAwait(false);

        // What came before the channels were noted is found here, what comes after it is marked.
        var delta = await store.FindChangedAsync(inbox.User, beginning.From, default).ConfigureAwait(false);
        var isReset = beginning.IsReset || delta is null;
        var changed = !isReset ? delta!.Changed : [.. names.Union(delta?.Changed ?? [], StringComparer.Ordinal)];
        var position = delta?.Position ?? memberships.Position;
        await WritePagesAsync(inbox, beginning, changed, delta?.Removed ?? [], position).ConfigureAwait(false);
        if (inbox.GoLive(position, clock.Time.GetTimestamp() + (long)(InboxFeed.Window.TotalSeconds * clock.Time.TimestampFrequency))) index.Enqueue(inbox);
        if (!hearing.IsCompleted) _ = MarkOnceHeardAsync(inbox, names, hearing);
    }

    private async Task WritePagesAsync(Inbox inbox, InboxBeginning beginning, IReadOnlyList<string> changed, IReadOnlyList<string> removed, InboxPosition position)
    {
        var isLevelled = beginning.Listed is null;
        var from = 0;
        do
        {
            await inbox.Output.WaitForRoomAsync().ConfigureAwait(false);
            if (inbox.IsEnded) return;
            var page = changed.Skip(from).Take(RowsPerPage).ToList();
            from += page.Count;
            var isLast = from >= changed.Count;
            var (at, rows) = page.Count == 0 ? new InboxRows(position, [])
                : await store.ReadRowsAsync([.. page.Select(channel => new InboxKey(channel, inbox.User))], default).ConfigureAwait(false);
            if (isLevelled && changed.Count == 0 && removed.Count == 0 && inbox.Totals == beginning.Totals) return;
            writer.Write(inbox, page.Zip(rows), isLast ? removed : [], at.Stamp, new InboxPage(isLast ? position : null, beginning.Cursor, isLevelled));
        }
        while (from < changed.Count);
    }

    private async Task<InboxMemberships> ListInTurnAsync(Inbox inbox)
    {
        await _counts.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!inbox.IsEnded) index.Add(inbox);
            return await store.ListMembershipsAsync(inbox.User, default).ConfigureAwait(false);
        }
        finally
        {
            _counts.Release();
        }
    }

    private async Task MarkOnceHeardAsync(Inbox inbox, List<string> channels, Task hearing)
    {
        await hearing.ConfigureAwait(false);
        foreach (var channel in channels) index.Mark(channel, inbox);
    }

    [LoggerMessage(66, LogLevel.Error, "An inbox could not be read; its connection is closed.")]
    private partial void InboxNotRead(Exception exception);
}

/// <summary>How an inbox begins.</summary>
/// <param name="Cursor">The cursor of the reply, and of all frames but the last before the client is level.</param>
/// <param name="IsReset">Whether all rows follow.</param>
/// <param name="Totals">How much is unread.</param>
/// <param name="From">The position from which the client misses something.</param>
/// <param name="Listed">The memberships; null where the client misses nothing, and they are listed later.</param>
internal sealed record InboxBeginning(string Cursor, bool IsReset, UnreadTotals Totals, InboxPosition From, InboxMemberships? Listed);
