using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Decides a batch of changes of one channel's members, the same in every store. Within one transaction a store locks the channel, begins the
/// plan, adds its users, counts the owners where <see cref="NeedsOwners"/> says so, calls <see cref="Decide()"/>, and writes what the plan has
/// then. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// A plan reads nothing itself. Each change is decided by <see cref="MemberRules"/> on what those before it left, so the database is written
/// only at the end, each row once.
/// </remarks>
public sealed class MemberPlan
{
    private readonly IReadOnlyList<MemberChange> _changes;
    private readonly Dictionary<string, (MemberState Before, MemberState Now)> _states = new(StringComparer.Ordinal);
    private readonly List<string> _users = [];
    private readonly List<ChannelAction> _actions = [];
    private ChannelKind _kind;
    private long _owners;
    private bool _exists;

    /// <summary>Begins a plan.</summary>
    /// <param name="changes">The batch: changes of one channel, at least one.</param>
    /// <exception cref="ArgumentException">The batch is empty, or of several channels.</exception>
    public MemberPlan(IReadOnlyList<MemberChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.Count == 0) throw new ArgumentException("A batch has at least one change.", nameof(changes));
        _changes = changes;
        Channel = changes[0].Channel;
        foreach (var change in changes)
        {
            if (change.Channel != Channel) throw new ArgumentException("The changes of a batch are of one channel.", nameof(changes));
            if (_states.TryAdd(change.User, default)) _users.Add(change.User);
        }
    }

    /// <summary>The channel that the batch is about.</summary>
    public string Channel { get; }

    /// <summary>The users that the batch is about, each once.</summary>
    public IReadOnlyList<string> Users => _users;

    /// <summary>Whether the channel's owners must be counted, after the users were added.</summary>
    public bool NeedsOwners =>
        _users.Exists(user => _states[user].Before.Role == ChannelRole.Owner)
        || _changes.Any(static change => change is RoleChange { Role: ChannelRole.Owner } or JoinChange { Role: ChannelRole.Owner });

    /// <summary>The most owners that need be counted: whether there are more makes no difference.</summary>
    public long MostOwners => _changes.Count + 1L;

    /// <summary>The channel's revision; after the decision the one to be written.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether the revision is to be written.</summary>
    public bool IsRevised { get; private set; }

    /// <summary>The users whose rows are to be written: what each was, and what each is after the whole batch.</summary>
    public IEnumerable<(string User, MemberState Before, MemberState After)> Changed => _users
        .Select(user => (User: user, _states[user].Before, After: _states[user].Now))
        .Where(static row => row.Before.Role != row.After.Role || row.Before.Ban != row.After.Ban || row.Before.Mute != row.After.Mute);

    /// <summary>The actions to be kept, in their order.</summary>
    public IReadOnlyList<ChannelAction> Actions => _actions;

    /// <summary>Says that the channel exists.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="revision">Its revision.</param>
    public void Begin(ChannelKind kind, long revision) => (_exists, _kind, Revision) = (true, kind, revision);

    /// <summary>Adds what one of the <see cref="Users"/> is. Who is no member and has neither ban nor mute need not be added.</summary>
    /// <param name="user">The user.</param>
    /// <param name="role">The role; <see langword="null"/> where the user is no member.</param>
    /// <param name="ban">The ban that is stored, whether or not it still holds.</param>
    /// <param name="mute">The mute that is stored, whether or not it still holds.</param>
    public void Add(string user, ChannelRole? role, Sanction? ban, Sanction? mute)
    {
        var state = new MemberState(_kind, role, Ban: ban, Mute: mute);
        _states[user] = (state, state);
    }

    /// <summary>Says how many owners the channel has, or <see cref="MostOwners"/> where it has more.</summary>
    public void AddOwners(long owners) => _owners = owners;

    /// <summary>Decides all changes in their order.</summary>
    /// <returns>One result for each.</returns>
    /// <exception cref="ArgumentException">A change is of a kind that this version does not know.</exception>
    public MemberResult[] Decide()
    {
        var results = new MemberResult[_changes.Count];
        for (var i = 0; i < results.Length; i++) results[i] = Decide(_changes[i]);
        return results;
    }

    private MemberResult Decide(MemberChange change)
    {
        if (!_exists) return MemberRules.Decide(change, found: null);
        var (before, now) = _states[change.User];
        var result = MemberRules.Decide(change, now with { Kind = _kind, Revision = Revision, Owners = now.Role == ChannelRole.Owner ? _owners : 0 });
        if (result.Outcome != MemberOutcome.Changed) return result;
        if (result.Before.Role == ChannelRole.Owner) _owners--;
        if (result.After.Role == ChannelRole.Owner) _owners++;
        IsRevised |= result.After.Revision != Revision;
        Revision = result.After.Revision;
        if (result.Action is { } action) _actions.Add(action);
        _states[change.User] = (before, result.After);
        return result;
    }
}
