using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who gave which reaction: a row each, from which the summaries in the messages are kept.</summary>
internal sealed class ReactionRows(SqliteSession session)
{
    private const string UpsertSummaries =
        "INSERT INTO summaries(message, reactions) VALUES(?, ?) ON CONFLICT DO UPDATE SET reactions = excluded.reactions";

    private const string DeleteSummaries = "DELETE FROM summaries WHERE message = ?";

    public bool Has(long message, ReactChange react) => session
        .Use("SELECT 1 FROM reactions WHERE message = ? AND user = ? AND reaction = ?")
        .Bind(message).Bind(react.User).Bind(react.Reaction).Scalar() is not null;

    /// <summary>Adds or removes the user's row, writes the message's summaries anew and returns them.</summary>
    public IReadOnlyList<ReactionSummary> Apply(long message, ReactChange react, IReadOnlyList<ReactionSummary> summaries)
    {
        var changed = Change(message, react, summaries);
        if (MessageColumns.WriteReactions(changed) is { } text) session.Use(UpsertSummaries).Bind(message).Bind(text).Execute();
        else session.Use(DeleteSummaries).Bind(message).Execute();
        return changed;
    }

    public void Clear(long message)
    {
        session.Use("DELETE FROM reactions WHERE message = ?").Bind(message).Execute();
        session.Use(DeleteSummaries).Bind(message).Execute();
    }

    private IReadOnlyList<ReactionSummary> Change(long message, ReactChange react, IReadOnlyList<ReactionSummary> summaries)
    {
        if (react.Remove)
        {
            session.Use("DELETE FROM reactions WHERE message = ? AND user = ? AND reaction = ?")
                .Bind(message).Bind(react.User).Bind(react.Reaction).Execute();
            return ReactionRules.Remove(summaries, react, () => FirstUsers(message, react.Reaction));
        }

        session.Use("INSERT INTO reactions(message, user, reaction) VALUES(?, ?, ?)")
            .Bind(message).Bind(react.User).Bind(react.Reaction).Execute();
        return ReactionRules.Add(summaries, react);
    }

    private List<string> FirstUsers(long message, string reaction)
    {
        using var rows = session.Use("SELECT user FROM reactions WHERE message = ? AND reaction = ? ORDER BY position LIMIT ?")
            .Bind(message).Bind(reaction).Bind(ChangeRules.MaxUsersPerReaction);
        var users = new List<string>();
        while (rows.Step()) users.Add(rows.Text(0));
        return users;
    }
}
