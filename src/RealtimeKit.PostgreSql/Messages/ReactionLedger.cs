using RealtimeKit.Protocol;

namespace RealtimeKit.PostgreSql.Messages;

/// <summary>Who gave which reaction in one channel, as far as a batch asks for it, and what the batch changes of that.</summary>
internal sealed class ReactionLedger
{
    private readonly HashSet<Given> _given = [];
    private readonly Dictionary<(long Sequence, string Reaction), List<string>> _first = [];
    private readonly List<Given> _added = [];
    private readonly List<Given> _removed = [];
    private readonly List<long> _cleared = [];

    /// <summary>The rows to write, in the order of their giving.</summary>
    public IReadOnlyList<Given> Added => _added;

    /// <summary>The rows to remove, before others are written.</summary>
    public IReadOnlyList<Given> Removed => _removed;

    /// <summary>The messages whose rows all go.</summary>
    public IReadOnlyList<long> Cleared => _cleared;

    public void AddStored(Given given) => _given.Add(given);

    /// <summary>Adds one of the first users who gave a reaction, in their order: more than a summary names by what the batch may take back.</summary>
    public void AddFirst(long sequence, string reaction, string user) => First(sequence, reaction).Add(user);

    public bool Has(ReactChange react) => _given.Contains(Given.Of(react));

    /// <summary>Notes the change and returns the message's summaries after it.</summary>
    public IReadOnlyList<ReactionSummary> Apply(ReactChange react, IReadOnlyList<ReactionSummary> summaries)
    {
        var given = Given.Of(react);
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

    public void Clear(long sequence)
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
internal readonly record struct Given(long Sequence, string User, string Reaction)
{
    public static Given Of(ReactChange react) => new(react.Sequence, react.User, react.Reaction);
}
