using RealtimeKit.Protocol;

namespace RealtimeKit.InMemory;

/// <summary>Who gave which reactions to one message, in the order of giving.</summary>
internal sealed class ReactionBook
{
    private readonly OrderedDictionary<string, OrderedDictionary<string, bool>> _users = new(StringComparer.Ordinal);

    public bool Has(string user, string reaction) => _users.TryGetValue(reaction, out var users) && users.ContainsKey(user);

    public void Apply(ReactChange react)
    {
        if (!_users.TryGetValue(react.Reaction, out var users))
            _users.Add(react.Reaction, users = new OrderedDictionary<string, bool>(StringComparer.Ordinal));
        if (!react.Remove) users.Add(react.User, true);
        else if (users.Remove(react.User) && users.Count == 0) _users.Remove(react.Reaction);
    }

    public IReadOnlyList<ReactionSummary> Summaries() =>
        [.. _users.Select(entry => new ReactionSummary(
            entry.Key, entry.Value.Count, [.. entry.Value.Keys.Take(ChangeRules.MaxUsersPerReaction)]))];

    public IReadOnlyList<string> Of(string user) =>
        [.. _users.Where(entry => entry.Value.ContainsKey(user)).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
}
