using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Reads the log inside a reader's transaction, so that head and messages are of one moment.</summary>
internal static class MessageReader
{
    private const string Select = $"SELECT {MessageRow.Columns} FROM messages";
    private const string Changes = $"{Select} WHERE change > ? AND change <= ? ORDER BY change LIMIT ?";
    private const string Range = "key > ? AND key < ?";
    private const string Oldest = $"{Select} WHERE {Range} ORDER BY key LIMIT ?";
    private const string Newest = $"{Select} WHERE {Range} ORDER BY key DESC LIMIT ?";

    // Told which index: by its own guess SQLite may walk the messages. Few are pinned, so whether one is of the thread is asked of each.
    private const string PinnedRange =
        $"{Select} INDEXED BY messages_pinned WHERE {Range} AND pinned IS NOT NULL AND (?3 IS NULL OR key = ?3 OR thread = ?3) ORDER BY key";
    private const string OldestPinned = $"{PinnedRange} LIMIT ?4";
    private const string NewestPinned = $"{PinnedRange} DESC LIMIT ?4";

    // Two ordered parts that SQLite merges as it goes; an OR would sort the whole thread first.
    private const string Thread = $"{Select} WHERE key = ? AND {Range} UNION ALL {Select} WHERE thread = ? AND {Range} ORDER BY 1";
    private const string OldestOfThread = $"{Thread} LIMIT ?";
    private const string NewestOfThread = $"{Thread} DESC LIMIT ?";

    public static MessagePage? ReadChanges(SqliteSession session, string channel, long afterVersion, PageLimit limit)
    {
        if (FindHead(session, channel) is not { } found) return null;
        var page = new PageBuilder(limit);
        using var rows = session.Use(Changes)
            .Bind(MessageKey.Of(found.Id, afterVersion)).Bind(MessageKey.Of(found.Id, MessageKey.MaxNumber)).Bind(page.Rows);
        Fill(page, rows, channel);
        return page.Build(found.Head);
    }

    public static MessagePage? ReadHistory(SqliteSession session, HistoryQuery query)
    {
        if (FindHead(session, query.Channel) is not { } found) return null;
        var page = new PageBuilder(query.Limit);
        var descending = query.After is null;
        var after = MessageKey.Of(found.Id, query.After ?? 0);
        var before = MessageKey.Of(found.Id, query.Before ?? MessageKey.MaxNumber);
        long? root = query.Thread is { } thread ? MessageKey.Of(found.Id, thread) : null;
        using var rows = query.Pinned ? session.Use(descending ? NewestPinned : OldestPinned).Bind(after).Bind(before).Bind(root)
            : root is { } of ? BindThread(session.Use(descending ? NewestOfThread : OldestOfThread), of, after, before)
            : session.Use(descending ? Newest : Oldest).Bind(after).Bind(before);
        rows.Bind(page.Rows);
        Fill(page, rows, query.Channel);
        return page.Build(found.Head, descending);
    }

    public static IReadOnlyList<ChannelHead> ReadHeads(SqliteSession session, IReadOnlyCollection<string> channels)
    {
        var heads = new List<ChannelHead>(channels.Count);
        foreach (var channel in channels)
        {
            if (FindHead(session, channel) is { } found) heads.Add(found.Head);
        }

        return heads;
    }

    public static Message? ReadMessage(SqliteSession session, string channel, long key)
    {
        using var row = session.Use($"{Select} WHERE key = ?").Bind(key);
        return row.Step() ? MessageRow.Read(row, channel) : null;
    }

    /// <summary>Reads the first messages of a range of keys, for work in the background; they do not bear the channel's name.</summary>
    public static List<Message> ReadRange(SqliteSession session, long first, long last, int limit)
    {
        using var rows = session.Use($"{Select} WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?").Bind(first).Bind(last).Bind(limit);
        var messages = new List<Message>();
        while (rows.Step()) messages.Add(MessageRow.Read(rows, ""));
        return messages;
    }

    private static (long Id, ChannelHead Head)? FindHead(SqliteSession session, string channel)
    {
        using var row = session.Use("SELECT id, epoch, version, sequence, revision FROM channels WHERE name = ?").Bind(channel);
        return row.Step() ? (row.Int64(0), new ChannelHead(channel, row.Text(1), row.Int64(2), row.Int64(3), row.Int64(4))) : null;
    }

    private static Statement BindThread(Statement statement, long root, long after, long before) =>
        statement.Bind(root).Bind(after).Bind(before).Bind(root).Bind(after).Bind(before);

    private static void Fill(PageBuilder page, Statement rows, string channel)
    {
        while (rows.Step())
        {
            if (!page.TryAdd(MessageRow.Read(rows, channel))) return;
        }
    }
}
