using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who gave which reaction, a row each, and beside each message the summaries of its reactions.</summary>
internal sealed class ReactionRows(SqliteSession session)
{
    private const string UpsertSummaries =
        "INSERT INTO summaries(message, reactions) VALUES(?, ?) ON CONFLICT DO UPDATE SET reactions = excluded.reactions";

    public void Write(long channel, ReactionPlan plan)
    {
        foreach (var sequence in plan.Cleared)
            session.Use("DELETE FROM reactions WHERE message = ?").Bind(MessageKey.Of(channel, sequence)).Execute();
        foreach (var (sequence, user, reaction) in plan.Removed)
        {
            session.Use("DELETE FROM reactions WHERE message = ? AND user = ? AND reaction = ?")
                .Bind(MessageKey.Of(channel, sequence)).Bind(user).Bind(reaction).Execute();
        }

        foreach (var (sequence, user, reaction) in plan.Added)
        {
            session.Use("INSERT INTO reactions(message, user, reaction) VALUES(?, ?, ?)")
                .Bind(MessageKey.Of(channel, sequence)).Bind(user).Bind(reaction).Execute();
        }
    }

    public void WriteSummaries(long channel, Message? old, Message changed)
    {
        if (ReferenceEquals(old?.Reactions, changed.Reactions)) return;
        var key = MessageKey.Of(channel, changed.Sequence);
        if (MessageColumns.WriteReactions(changed.Reactions) is { } text) session.Use(UpsertSummaries).Bind(key).Bind(text).Execute();
        else if (old?.Reactions.Count > 0) session.Use("DELETE FROM summaries WHERE message = ?").Bind(key).Execute();
    }
}
