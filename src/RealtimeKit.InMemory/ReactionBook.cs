using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>Who gave which reactions to one message, in the order of giving.</summary>
internal sealed class ReactionBook
{
    private readonly Dictionary<string, OrderedDictionary<string, bool>> _users = new(StringComparer.Ordinal);

    /// <summary>Adds what a plan asks about a reaction.</summary>
    public void Load(ReactionPlan plan, ReactChange react, int most)
    {
        if (!_users.TryGetValue(react.Reaction, out var users)) return;
        if (users.ContainsKey(react.User)) plan.AddGiven(new GivenReaction(react.Sequence, react.User, react.Reaction));
        if (!react.Remove) return;
        foreach (var user in users.Keys.Take(most)) plan.AddFirst(react.Sequence, react.Reaction, user);
    }

    public void Add(GivenReaction given)
    {
        if (!_users.TryGetValue(given.Reaction, out var users))
            _users.Add(given.Reaction, users = new OrderedDictionary<string, bool>(StringComparer.Ordinal));
        users.Add(given.User, true);
    }

    public void Remove(GivenReaction given)
    {
        if (_users.TryGetValue(given.Reaction, out var users) && users.Remove(given.User) && users.Count == 0) _users.Remove(given.Reaction);
    }

    public IReadOnlyList<string> Of(string user) =>
        [.. _users.Where(entry => entry.Value.ContainsKey(user)).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
}
