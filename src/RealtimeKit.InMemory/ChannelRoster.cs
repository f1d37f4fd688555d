using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>Who belongs to one channel, in which role, and how far everybody has read.</summary>
internal sealed class ChannelRoster(NewChannel channel)
{
    private readonly SortedDictionary<string, ChannelRole> _members = new(channel.Roles.ToDictionary(), StringComparer.Ordinal);
    private readonly Dictionary<string, long> _marks = new(StringComparer.Ordinal);

    /// <summary>How many rights of members were changed or taken.</summary>
    public long Revision { get; private set; }

    public IEnumerable<string> Users => _members.Keys;

    public ChannelRole? Role(string user) => _members.TryGetValue(user, out var role) ? role : null;

    public long Mark(string user) => _marks.GetValueOrDefault(user);

    public MemberResult Apply(MemberChange change)
    {
        var present = Role(change.User);
        var owners = present == ChannelRole.Owner ? _members.Values.Count(static role => role == ChannelRole.Owner) : 0;
        var result = MemberRules.Decide(change, new MemberState(channel.Kind, present, owners));
        if (result.Outcome != MemberOutcome.Changed) return result;
        if (result.After is { } role) _members[change.User] = role;
        else _members.Remove(change.User);
        if (result.Revises) Revision++;
        return result;
    }

    public MemberPage List(string? after, int limit)
    {
        var members = _members
            .SkipWhile(member => after is not null && string.CompareOrdinal(member.Key, after) <= 0)
            .Take(limit + 1)
            .Select(member => new ChannelMember(member.Key, member.Value, Mark(member.Key)))
            .ToList();
        return members.Count > limit ? new MemberPage(members[..limit], true) : new MemberPage(members, false);
    }

    public ReadMark Read(string user, long sequence)
    {
        var present = Mark(user);
        if (sequence <= present) return new ReadMark(present, false);
        _marks[user] = sequence;
        return new ReadMark(sequence, true);
    }
}
