using RealtimeKit.Protocol;
using RealtimeKit.Sqlite.Database;

namespace RealtimeKit.Sqlite.Messages;

/// <summary>Who gave which reaction: a row each, from which the summaries in the messages are kept.</summary>
internal sealed class ReactionRows(SqliteSession session)
{
    public bool Has(long message, ReactChange react) => session
        .Use("SELECT 1 FROM reactions WHERE message = ? AND user = ? AND reaction = ?")
        .Bind(message).Bind(react.User).Bind(react.Reaction).Scalar() is not null;

    /// <summary>Adds or removes the user's row and returns the message's summaries after that.</summary>
    public IReadOnlyList<ReactionSummary> Apply(long message, ReactChange react, IReadOnlyList<ReactionSummary> summaries)
    {
        var changed = summaries.ToList();
        var place = changed.FindIndex(summary => summary.Reaction == react.Reaction);
        if (react.Remove) Remove(message, react, changed, place);
        else Add(message, react, changed, place);
        return changed;
    }

    public void Clear(long message) => session.Use("DELETE FROM reactions WHERE message = ?").Bind(message).Execute();

    private void Add(long message, ReactChange react, List<ReactionSummary> summaries, int place)
    {
        session.Use("INSERT INTO reactions(message, user, reaction) VALUES(?, ?, ?)")
            .Bind(message).Bind(react.User).Bind(react.Reaction).Execute();
        if (place < 0)
        {
            summaries.Add(new ReactionSummary(react.Reaction, 1, [react.User]));
            return;
        }

        var (reaction, count, users) = summaries[place];
        var named = users.Count < ChangeRules.MaxUsersPerReaction ? [.. users, react.User] : users;
        summaries[place] = new ReactionSummary(reaction, count + 1, named);
    }

    private void Remove(long message, ReactChange react, List<ReactionSummary> summaries, int place)
    {
        session.Use("DELETE FROM reactions WHERE message = ? AND user = ? AND reaction = ?")
            .Bind(message).Bind(react.User).Bind(react.Reaction).Execute();
        var (reaction, count, users) = summaries[place];
        if (count == 1)
        {
            summaries.RemoveAt(place);
            return;
        }

        // Only where one of the named goes and others wait unnamed does the next of them move up.
        var named = !users.Contains(react.User) ? users
            : count > users.Count ? FirstUsers(message, reaction)
            : [.. users.Where(user => user != react.User)];
        summaries[place] = new ReactionSummary(reaction, count - 1, named);
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
