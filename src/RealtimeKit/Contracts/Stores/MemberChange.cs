using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>One change of what a user is in a channel. <see cref="MemberRules"/> has what each kind does.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public abstract record MemberChange(string Channel, string User);

/// <summary>A user becomes a member. Whoever is one already keeps the role.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
/// <param name="Role">The role of a new member.</param>
public sealed record JoinChange(string Channel, string User, ChannelRole Role = ChannelRole.Member) : MemberChange(Channel, User);

/// <summary>A user gets a role. Whoever is no member becomes one.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
/// <param name="Role">The role.</param>
public sealed record RoleChange(string Channel, string User, ChannelRole Role) : MemberChange(Channel, User);

/// <summary>A member leaves. The read mark stays.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public sealed record LeaveChange(string Channel, string User) : MemberChange(Channel, User);

/// <summary>A member is removed by somebody else. The read mark stays.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public sealed record RemoveChange(string Channel, string User) : MemberChange(Channel, User);

/// <summary>What a store has found of a user in a channel, in the transaction that applies the change.</summary>
/// <param name="Kind">The channel's kind.</param>
/// <param name="Role">The user's role; <see langword="null"/> where the user is no member.</param>
/// <param name="Owners">How many owners the channel has, or 2 where it has more. Only looked at where the user is one.</param>
public readonly record struct MemberState(ChannelKind Kind, ChannelRole? Role, long Owners);

/// <summary>What became of a change of a member.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Kind">The channel's kind, where there is a channel.</param>
/// <param name="Before">The user's role before it; <see langword="null"/> for none.</param>
/// <param name="After">The user's role after it; <see langword="null"/> for none. To be written where the outcome is <see cref="MemberOutcome.Changed"/>.</param>
/// <param name="Revises">Whether a right was taken or changed: then the channel's revision rises by one in the same transaction.</param>
public readonly record struct MemberResult(
    MemberOutcome Outcome, ChannelKind Kind = default, ChannelRole? Before = null, ChannelRole? After = null, bool Revises = false);

/// <summary>What may become of a change of a member.</summary>
public enum MemberOutcome
{
    /// <summary>It changed.</summary>
    Changed,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>The channel would have no owner left.</summary>
    LastOwner,

    /// <summary>The channel does not exist.</summary>
    NoChannel,
}
