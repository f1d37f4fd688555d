using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.InMemory;

/// <summary>Who belongs to one channel, in which role, and how far everybody has read.</summary>
internal sealed class ChannelRoster(NewChannel channel)
{
    private readonly SortedDictionary<string, ChannelRole> _members = new(channel.Roles.ToDictionary(), StringComparer.Ordinal);
    private readonly Dictionary<string, long> _marks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MemberPreferences> _preferences = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _stamps = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Sanction> _bans = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Sanction> _mutes = new(StringComparer.Ordinal);

    /// <summary>How many rights were changed or taken.</summary>
    public long Revision { get; set; }

    public int Count => _members.Count;

    public IEnumerable<string> Users => _members.Keys;

    public int Owners => _members.Values.Count(static role => role == ChannelRole.Owner);

    public ChannelRole? Role(string user) => _members.TryGetValue(user, out var role) ? role : null;

    public long Mark(string user) => _marks.GetValueOrDefault(user);

    /// <summary>What a member has set; null where the user is no member.</summary>
    public MemberPreferences? Preferences(string user) => Role(user) is null ? null : _preferences.GetValueOrDefault(user);

    public void Prefer(string user, MemberPreferences preferences, long stamp)
    {
        _preferences[user] = preferences;
        NoteStamp(user, stamp);
    }

    /// <summary>When the row of a user changed by something of that user alone: the membership, preferences, the mark.</summary>
    public long Stamp(string user) => _stamps.GetValueOrDefault(user);

    public void NoteStamp(string user, long stamp) => _stamps[user] = stamp;

    public Sanction? Ban(string user) => _bans.GetValueOrDefault(user);

    public Sanction? Mute(string user) => _mutes.GetValueOrDefault(user);

    public MemberResult Apply(MemberChange change)
    {
        var user = change.User;
        var role = Role(user);
        var owners = role == ChannelRole.Owner ? Owners : 0;
        var result = MemberRules.Decide(change, new MemberState(channel.Kind, role, owners, Revision, Ban(user), Mute(user)));
        if (result.Outcome != MemberOutcome.Changed) return result;
        if (result.After.Role is { } after) _members[user] = after;
        else Remove(user);
        Put(_bans, user, result.After.Ban);
        Put(_mutes, user, result.After.Mute);
        Revision = result.After.Revision;
        return result;
    }

    public BanPage ListBans(string? after, int limit, DateTimeOffset time)
    {
        var bans = _bans
            .SkipWhile(ban => after is not null && string.CompareOrdinal(ban.Key, after) <= 0)
            .Where(ban => ban.Value.HoldsAt(time))
            .Take(limit + 1)
            .Select(ban => new ChannelBan(ban.Key, ban.Value.By, ban.Value.Time, ban.Value.Until, ban.Value.Reason))
            .ToList();
        return bans.Count > limit ? new BanPage(bans[..limit], true) : new BanPage(bans, false);
    }

    public MemberPage List(string? after, int limit)
    {
        var members = _members
            .SkipWhile(member => after is not null && string.CompareOrdinal(member.Key, after) <= 0)
            .Take(limit + 1)
            .Select(member => new ChannelMember(member.Key, member.Value, Mark(member.Key), Mute(member.Key) is not null, Mute(member.Key)?.Until))
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

    private void Remove(string user)
    {
        _members.Remove(user);
        _preferences.Remove(user);
        _stamps.Remove(user);
    }

    private static void Put(IDictionary<string, Sanction> sanctions, string user, Sanction? sanction)
    {
        if (sanction is null) sanctions.Remove(user);
        else sanctions[user] = sanction;
    }
}
