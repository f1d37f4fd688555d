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
        if (found is not { } before) return new MemberResult(MemberOutcome.NoChannel);
        if (change.Revision is { } revision && revision != before.Revision) return new MemberResult(MemberOutcome.Stale, before, before);
        var after = Apply(change, before);
        if (after == before) return new MemberResult(MemberOutcome.Unchanged, before, before);
        if (after.Role is not null && before.Ban?.HoldsAt(change.Time) == true) return new MemberResult(MemberOutcome.Banned, before, before);
        if (before.Role == ChannelRole.Owner && after.Role != ChannelRole.Owner && before.Owners == 1)
            return new MemberResult(MemberOutcome.LastOwner, before, before);
        return new MemberResult(
            MemberOutcome.Changed, before, Revises(before, after) ? after with { Revision = before.Revision + 1 } : after, ActionOf(change));
    }

    /// <summary>The word of the protocol for what happened, in <c>member</c> frames and as the reason of <c>revoked</c>.</summary>
    internal static string Word(MemberChange change, ChannelRole? before) => change switch
    {
        JoinChange => "joined",
        RoleChange => before is null ? "joined" : "role",
        LeaveChange => "left",
        BanChange => "banned",
        UnbanChange => "unbanned",
        MuteChange => "muted",
        UnmuteChange => "unmuted",
        _ => "removed",
    };

    private static MemberState Apply(MemberChange change, MemberState before) => change switch
    {
        JoinChange join => before with { Role = before.Role ?? join.Role },
        RoleChange role => before with { Role = role.Role },
        LeaveChange or RemoveChange => before with { Role = null },
        BanChange ban => before with { Role = null, Ban = Replace(before.Ban, ban.Ban, change.Time) },
        UnbanChange => before.Ban?.HoldsAt(change.Time) == true ? before with { Ban = null } : before,
        MuteChange mute => before with { Mute = Replace(before.Mute, mute.Mute, change.Time) },
        UnmuteChange => before.Mute?.HoldsAt(change.Time) == true ? before with { Mute = null } : before,
        _ => throw new ArgumentException($"A {change.GetType().Name} is no change of a member that this version knows.", nameof(change)),
    };

    // The same again changes nothing, whoever says it.
    private static Sanction Replace(Sanction? present, Sanction wanted, DateTimeOffset now) =>
        present is not null && present.HoldsAt(now) && present.Until == wanted.Until && present.Reason == wanted.Reason ? present : wanted;

    // What users do to themselves is no action.
    private static ChannelAction? ActionOf(MemberChange change)
    {
        if (change.By is not { } by || by == change.User) return null;
        var action = new ChannelAction(change.Time, by, "", change.User);
        return change switch
        {
            JoinChange join => action with { Change = "invite", Role = join.Role },
            RoleChange role => action with { Change = "setRole", Role = role.Role },
            RemoveChange { Reason: var reason } => action with { Change = "remove", Reason = reason },
            BanChange { Ban: var ban } => action with { Change = "ban", Until = ban.Until, Reason = ban.Reason },
            UnbanChange => action with { Change = "unban" },
            MuteChange { Mute: var mute } => action with { Change = "mute", Until = mute.Until, Reason = mute.Reason },
            UnmuteChange => action with { Change = "unmute" },
            _ => null,
        };
    }

    // A right was taken or changed, or somebody came above others. A new plain member changes nothing, and who may write again loses nothing.
    private static bool Revises(in MemberState before, in MemberState after) =>
        (before.Role != after.Role && (before.Role is not null || after.Role > ChannelRole.Member))
        || (after.Ban is not null && after.Ban != before.Ban) || (after.Mute is not null && after.Mute != before.Mute);
}
