using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// The rules of changes of members, the same in every store: an adapter only finds rows and writes them. Pure functions: a store calls
/// them inside its transaction with what it found.
/// </summary>
public static class MemberRules
{
    /// <summary>Decides on a change. Where the outcome is changed, the result has what to write.</summary>
    /// <param name="change">The change.</param>
    /// <param name="found">What the store found; <see langword="null"/> where the channel does not exist.</param>
    /// <exception cref="ArgumentException">The change is of a kind that this version does not know.</exception>
    public static MemberResult Decide(MemberChange change, MemberState? found)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (found is not { } state) return new MemberResult(MemberOutcome.NoChannel);
        var before = state.Role;
        ChannelRole? after = change switch
        {
            JoinChange join => before ?? join.Role,
            RoleChange role => role.Role,
            LeaveChange or RemoveChange => null,
            _ => throw new ArgumentException($"A {change.GetType().Name} is no change of a member that this version knows.", nameof(change)),
        };
        if (after == before) return new MemberResult(MemberOutcome.Unchanged, state.Kind, before, before);
        if (before == ChannelRole.Owner && state.Owners == 1) return new MemberResult(MemberOutcome.LastOwner, state.Kind, before, before);
        // A new member had no right that could be taken.
        return new MemberResult(MemberOutcome.Changed, state.Kind, before, after, Revises: before is not null);
    }

    /// <summary>The word of the protocol for what happened, in <c>member</c> frames and as the reason of <c>revoked</c>.</summary>
    internal static string Word(MemberChange change, ChannelRole? before) => change switch
    {
        JoinChange => "joined",
        RoleChange => before is null ? "joined" : "role",
        LeaveChange => "left",
        _ => "removed",
    };
}
