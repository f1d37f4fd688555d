using System.Runtime.InteropServices;
using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>
/// Counts what a user has not read without walking it: the block of sequences in which the mark lies is read message by
/// message, and of each later block one row says what of it does not count. The rows that one batch touches are written once.
/// </summary>
internal sealed class Tallies(SqliteSession session)
{
    /// <summary>The user of the rows that count deleted messages; nobody has this name.</summary>
    public const string Deleted = "";

    private const int BlockBits = 10;

    private const string Add = """
        INSERT INTO tallies(channel, user, block, posted, mentioned) VALUES(?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET posted = posted + excluded.posted, mentioned = mentioned + excluded.mentioned
        """;

    private const string Unread = "SELECT count(*) FROM messages WHERE key > ? AND key <= ? AND sender <> ? AND deleted IS NULL";
    private const string Mentions = "SELECT count(*) FROM mentions WHERE channel = ? AND user = ? AND sequence > ? AND sequence <= ?";
    private const string Later = "SELECT coalesce(sum(posted), 0), coalesce(sum(mentioned), 0) FROM tallies WHERE channel = ? AND user = ? AND block > ?";

    // Of these those by senders whom the user blocks.
    private const string Blocked = """
        SELECT count(*) FROM mentions m CROSS JOIN messages s ON s.key = m.channel * 68719476736 + m.sequence
        CROSS JOIN blocks b ON b.user = m.user AND b.blocked = s.sender
        WHERE m.channel = ? AND m.user = ? AND m.sequence > ? AND m.sequence <= ?
        """;

    private const string BlockedLater = """
        SELECT coalesce(sum(t.mentioned), 0) FROM blocks b CROSS JOIN tallies t ON t.channel = ? AND t.user = b.user || char(10) || b.blocked AND t.block > ?
        WHERE b.user = ?
        """;

    private readonly Dictionary<(long Channel, string User, long Block), (long Posted, long Mentioned)> _added = [];

    /// <summary>Counts a message that was posted, or one that was and is deleted.</summary>
    public void Posted(long channel, string user, long sequence, int count) => Of(channel, user, sequence).Posted += count;

    /// <summary>Counts a mention of a user, or one that was taken back.</summary>
    public void Mentioned(long channel, string user, Message message, int count)
    {
        Of(channel, user, message.Sequence).Mentioned += count;
        Of(channel, $"{user}\n{message.Sender}", message.Sequence).Mentioned += count;
    }

    /// <summary>Writes what was counted.</summary>
    public void Save()
    {
        foreach (var ((channel, user, block), (posted, mentioned)) in _added)
            session.Use(Add).Bind(channel).Bind(user).Bind(block).Bind(posted).Bind(mentioned).Execute();
    }

    /// <summary>How many messages above the mark are unread, and how many of them mention the user.</summary>
    public static (long Unread, long Mentions) Count(SqliteSession session, long channel, string user, long read, long last)
    {
        if (read >= last) return (0, 0);
        // Who has read nothing has no block that the mark divides.
        var block = read == 0 ? -1 : read >> BlockBits;
        var end = read == 0 ? 0 : Math.Min(last, ((block + 1) << BlockBits) - 1);
        var unread = session.Use(Unread).Bind(MessageKey.Of(channel, read)).Bind(MessageKey.Of(channel, end)).Bind(user).Scalar() ?? 0;
        var mentions = session.Use(Mentions).Bind(channel).Bind(user).Bind(read).Bind(end).Scalar() ?? 0;
        if (mentions > 0) mentions -= session.Use(Blocked).Bind(channel).Bind(user).Bind(read).Bind(end).Scalar() ?? 0;
        if (end == last) return (unread, mentions);
        var own = CountLater(session, channel, user, block);
        var deleted = CountLater(session, channel, Deleted, block);
        var blocked = own.Mentioned == 0 ? 0 : session.Use(BlockedLater).Bind(channel).Bind(block).Bind(user).Scalar() ?? 0;
        return (unread + last - end - own.Posted - deleted.Posted, mentions + own.Mentioned - blocked);
    }

    private static (long Posted, long Mentioned) CountLater(SqliteSession session, long channel, string user, long block)
    {
        using var row = session.Use(Later).Bind(channel).Bind(user).Bind(block);
        return row.Step() ? (row.Int64(0), row.Int64(1)) : default;
    }

    private ref (long Posted, long Mentioned) Of(long channel, string user, long sequence) =>
        ref CollectionsMarshal.GetValueRefOrAddDefault(_added, (channel, user, sequence >> BlockBits), out _);
}
