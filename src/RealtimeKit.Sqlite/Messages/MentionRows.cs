using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who is named in which message, so that unread mentions are counted without reading messages.</summary>
internal sealed class MentionRows(SqliteSession session)
{
    public void Add(long channel, Message message, Tallies tallies)
    {
        foreach (var user in ChangeRules.Mentioned(message))
        {
            session.Use("INSERT INTO mentions(channel, user, sequence) VALUES(?, ?, ?)")
                .Bind(channel).Bind(user).Bind(message.Sequence).Execute();
            tallies.Mentioned(channel, user, message.Sequence, 1);
        }
    }

    public void Replace(long channel, Message old, Message changed, Tallies tallies)
    {
        if (ReferenceEquals(old.Content.Mentions, changed.Content.Mentions)) return;
        foreach (var user in ChangeRules.Mentioned(old))
        {
            session.Use("DELETE FROM mentions WHERE channel = ? AND user = ? AND sequence = ?")
                .Bind(channel).Bind(user).Bind(old.Sequence).Execute();
            tallies.Mentioned(channel, user, old.Sequence, -1);
        }

        Add(channel, changed, tallies);
    }
}
