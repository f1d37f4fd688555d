using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Keeps the summaries of a message's reactions, for stores that keep them beside the message: each reaction in the order
/// of its first giving, with the first users who gave it. Pure functions.
/// </summary>
public static class ReactionRules
{
    /// <summary>The summaries after one more user gave a reaction.</summary>
    /// <param name="summaries">The summaries before it.</param>
    /// <param name="react">The reaction, which this user had not given.</param>
    public static IReadOnlyList<ReactionSummary> Add(IReadOnlyList<ReactionSummary> summaries, ReactChange react)
    {
        ArgumentNullException.ThrowIfNull(summaries);
        ArgumentNullException.ThrowIfNull(react);
        var changed = summaries.ToList();
        var place = changed.FindIndex(summary => summary.Reaction == react.Reaction);
        if (place < 0)
        {
            changed.Add(new ReactionSummary(react.Reaction, 1, [react.User]));
            return changed;
        }

        var (reaction, count, users) = changed[place];
        var named = users.Count < ChangeRules.MaxUsersPerReaction ? [.. users, react.User] : users;
        changed[place] = new ReactionSummary(reaction, count + 1, named);
        return changed;
    }

    /// <summary>The summaries after a user took a reaction back.</summary>
    /// <param name="summaries">The summaries before it.</param>
    /// <param name="react">The reaction, which this user had given.</param>
    /// <param name="firstUsers">
    /// Finds the first <see cref="ChangeRules.MaxUsersPerReaction"/> users who still give it. Called only where one of
    /// the named goes and others wait unnamed, so that the next of them moves up.
    /// </param>
    public static IReadOnlyList<ReactionSummary> Remove(
        IReadOnlyList<ReactionSummary> summaries, ReactChange react, Func<IReadOnlyList<string>> firstUsers)
    {
        ArgumentNullException.ThrowIfNull(summaries);
        ArgumentNullException.ThrowIfNull(react);
        ArgumentNullException.ThrowIfNull(firstUsers);
        var changed = summaries.ToList();
        var place = changed.FindIndex(summary => summary.Reaction == react.Reaction);
        var (reaction, count, users) = changed[place];
        if (count == 1)
        {
            changed.RemoveAt(place);
            return changed;
        }

        var named = !users.Contains(react.User) ? users
            : count > users.Count ? firstUsers()
            : [.. users.Where(user => user != react.User)];
        changed[place] = new ReactionSummary(reaction, count - 1, named);
        return changed;
    }
}
