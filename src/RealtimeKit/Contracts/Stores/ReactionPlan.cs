using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Who gave which reaction in one channel, as far as a batch asks for it, and what the batch changes of that. To be written in this order:
/// <see cref="Cleared"/>, <see cref="Removed"/>, <see cref="Added"/>.
/// </summary>
public sealed class ReactionPlan
{
    private readonly HashSet<GivenReaction> _given = [];
    private readonly Dictionary<(long Sequence, string Reaction), List<string>> _first = [];
    private readonly List<GivenReaction> _added = [];
    private readonly List<GivenReaction> _removed = [];
    private readonly List<long> _cleared = [];

    internal ReactionPlan()
    {
    }

    /// <summary>The messages whose reactions all go.</summary>
    public IReadOnlyList<long> Cleared => _cleared;

    /// <summary>The reactions that go.</summary>
    public IReadOnlyList<GivenReaction> Removed => _removed;

    /// <summary>The reactions that come, in the order of their giving.</summary>
    public IReadOnlyList<GivenReaction> Added => _added;

    /// <summary>Adds a reaction that the store has.</summary>
    public void AddGiven(GivenReaction given) => _given.Add(given);

    /// <summary>
    /// Adds the next of the first users who gave a reaction, in the order of giving: <see cref="ChangeRules.MaxUsersPerReaction"/> of them
    /// and as many more as the batch may take back, where the store has so many.
    /// </summary>
    /// <param name="sequence">The message.</param>
    /// <param name="reaction">The reaction.</param>
    /// <param name="user">The user.</param>
    public void AddFirst(long sequence, string reaction, string user)
    {
        var users = First(sequence, reaction);
        // Two changes of the batch may have asked for the same.
        if (!users.Contains(user)) users.Add(user);
    }

    internal bool Has(ReactChange react) => _given.Contains(GivenReaction.Of(react));

    /// <summary>Notes the change and returns the message's summaries after it.</summary>
    internal IReadOnlyList<ReactionSummary> Apply(ReactChange react, IReadOnlyList<ReactionSummary> summaries)
    {
        var given = GivenReaction.Of(react);
        var first = First(react.Sequence, react.Reaction);
        if (!react.Remove)
        {
            _given.Add(given);
            _added.Add(given);
            first.Add(react.User);
            return ReactionRules.Add(summaries, react);
        }

        _given.Remove(given);
        if (!_added.Remove(given)) _removed.Add(given);
        first.Remove(react.User);
        return ReactionRules.Remove(summaries, react, () => [.. first.Take(ChangeRules.MaxUsersPerReaction)]);
    }

    internal void Clear(long sequence)
    {
        _added.RemoveAll(given => given.Sequence == sequence);
        _removed.RemoveAll(given => given.Sequence == sequence);
        _cleared.Add(sequence);
    }

    private List<string> First(long sequence, string reaction)
    {
        if (!_first.TryGetValue((sequence, reaction), out var users)) _first.Add((sequence, reaction), users = []);
        return users;
    }
}

/// <summary>One reaction of one user to one message.</summary>
/// <param name="Sequence">The message.</param>
/// <param name="User">The user.</param>
/// <param name="Reaction">The reaction.</param>
public readonly record struct GivenReaction(long Sequence, string User, string Reaction)
{
    internal static GivenReaction Of(ReactChange react) => new(react.Sequence, react.User, react.Reaction);
}
