using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who is named in which message, so that unread mentions are counted without reading messages.</summary>
internal sealed class MentionRows(SqliteSession session)
{
    public void Add(long channel, Message message)
    {
        foreach (var user in Counted(message))
        {
            session.Use("INSERT INTO mentions(channel, user, sequence) VALUES(?, ?, ?)")
                .Bind(channel).Bind(user).Bind(message.Sequence).Execute();
        }
    }

    public void Replace(long channel, Message old, Message changed)
    {
        if (ReferenceEquals(old.Content.Mentions, changed.Content.Mentions)) return;
        foreach (var user in Counted(old))
        {
            session.Use("DELETE FROM mentions WHERE channel = ? AND user = ? AND sequence = ?")
                .Bind(channel).Bind(user).Bind(old.Sequence).Execute();
        }

        Add(channel, changed);
    }

    private static IEnumerable<string> Counted(Message message) =>
        message.Content.Mentions is not { Count: > 0 } mentions ? []
            : mentions.Distinct(StringComparer.Ordinal).Where(user => user != message.Sender);
}
