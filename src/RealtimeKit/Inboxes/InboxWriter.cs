using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Inboxes;

/// <summary>Writes rows to one inbox: what they add to the totals is noted, and channels that come or go begin or end to be noted.</summary>
internal sealed class InboxWriter(InboxIndex index)
{
    /// <summary>Writes frames with rows, and the names of channels without a row.</summary>
    /// <param name="inbox">The inbox.</param>
    /// <param name="read">For each channel its row, or null where the user is not in it.</param>
    /// <param name="removed">Channels that the user left, also those that the inbox never had.</param>
    /// <param name="stamp">All changes below it are in the rows.</param>
    /// <param name="page">Whether these bring the client level, as opposed to live rows.</param>
    public void Write(Inbox inbox, IEnumerable<(string Channel, ChannelSummary? Row)> read, IEnumerable<string> removed, long stamp, InboxPage? page = null)
    {
        var rows = new List<ChannelSummary>();
        var left = new HashSet<string>(StringComparer.Ordinal);
        List<string>? added = null;
        foreach (var (channel, row) in read)
        {
            if (row is not null)
            {
                if (inbox.Set(index.Share(channel), row.Counts, stamp)) (added ??= []).Add(channel);
                rows.Add(InboxFrames.Cut(row));
            }
            else if (inbox.Unset(channel) || page is not null)
            {
                index.Remove(inbox, channel);
                left.Add(channel);
            }
        }

        foreach (var channel in removed)
        {
            if (inbox.Unset(channel)) index.Remove(inbox, channel);
            left.Add(channel);
        }

        left.ExceptWith(rows.Select(static row => row.Channel));
        if (added is not null) _ = AddAsync(inbox, added);
        if (rows.Count > 0 || left.Count > 0 || page is not null) Write(inbox, [.. rows], [.. left], page);
    }

    private static void Write(Inbox inbox, ChannelSummary[] rows, string[] left, InboxPage? page)
    {
        var totals = inbox.Totals;
        var cursor = page is null ? inbox.Cursor.ToString()
            : page.Position is { } position ? new InboxCursor(position, totals, inbox.Owner).ToString() : page.CursorBefore;
        var frame = new InboxFrame(cursor, page?.CursorBefore ?? cursor, totals, page is { IsLevelled: false }, page is { Position: null });
        using var buffer = new FrameBuffer();
        ReadOnlySpan<ChannelSummary> restOfRows = rows;
        ReadOnlySpan<string> restOfNames = left;
        do InboxFrames.Rows(buffer, ref restOfRows, ref restOfNames, frame);
        while (!restOfRows.IsEmpty || !restOfNames.IsEmpty);
        using var output = inbox.Output.Open();
        if (!inbox.IsEnded) output.Buffer.Append(buffer.WrittenSpan);
    }

    // A change between the reading of the row and this is read again.
    private async Task AddAsync(Inbox inbox, List<string> channels)
    {
        await index.AddAsync(inbox, channels).ConfigureAwait(false);
        foreach (var channel in channels) index.Mark(channel, inbox);
    }
}

/// <summary>How pages differ from live rows.</summary>
/// <param name="Position">For the last page the position that the client has then.</param>
/// <param name="CursorBefore">The cursor of all frames but the last page's last.</param>
/// <param name="IsLevelled">Whether the client was told already that it is level.</param>
internal sealed record InboxPage(InboxPosition? Position, string CursorBefore, bool IsLevelled);
