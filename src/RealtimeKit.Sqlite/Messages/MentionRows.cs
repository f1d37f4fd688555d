using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who is named in which message, so that unread mentions are counted without reading messages.</summary>
internal sealed class MentionRows(SqliteSession session)
{
    /// <summary>Writes the rows of a message that was posted (then there is no old one) or changed.</summary>
    public void Replace(long channel, Message? old, Message changed, Tallies tallies)
    {
        if (ReferenceEquals(old?.Content.Mentions, changed.Content.Mentions)) return;
        foreach (var user in old is null ? [] : ChangeRules.Mentioned(old))
        {
            session.Use("DELETE FROM mentions WHERE channel = ? AND user = ? AND sequence = ?")
                .Bind(channel).Bind(user).Bind(changed.Sequence).Execute();
            tallies.Mentioned(channel, user, changed, -1);
        }

        foreach (var user in ChangeRules.Mentioned(changed))
        {
            session.Use("INSERT INTO mentions(channel, user, sequence) VALUES(?, ?, ?)")
                .Bind(channel).Bind(user).Bind(changed.Sequence).Execute();
            tallies.Mentioned(channel, user, changed, 1);
        }
    }
}
