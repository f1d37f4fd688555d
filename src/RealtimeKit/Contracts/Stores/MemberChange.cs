using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>One change of what a user is in a channel. <see cref="MemberRules"/> has what each kind does.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public abstract record MemberChange(string Channel, string User)
{
    /// <summary>When, UTC, in whole milliseconds: a ban that ended before it does not count. The engine sets it.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>
    /// Who makes it, where that is a user: of a change of another user an action is kept. <see langword="null"/> for the application.
    /// </summary>
    public string? By { get; init; }

    /// <summary>
    /// The channel's revision at which the change was permitted: where the channel has another by now, nothing is changed and the outcome is
    /// <see cref="MemberOutcome.Stale"/>. Any revision where this is <see langword="null"/>.
    /// </summary>
    public long? Revision { get; init; }
}

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
/// <param name="Reason">Why, if that was said: at most <see cref="ProtocolConstants.MaxReasonLength"/> UTF-16 code units.</param>
public sealed record RemoveChange(string Channel, string User, string? Reason = null) : MemberChange(Channel, User);

/// <summary>A user is banned: the membership ends, if there is one, and there can be none until the ban ends. Replaces an earlier ban.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
/// <param name="Ban">By whom, until when and why.</param>
public sealed record BanChange(string Channel, string User, Sanction Ban) : MemberChange(Channel, User);

/// <summary>A ban ends. The user is no member.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public sealed record UnbanChange(string Channel, string User) : MemberChange(Channel, User);

/// <summary>A user is muted, member or not, whether or not the membership ends or begins meanwhile. Replaces an earlier mute.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
/// <param name="Mute">By whom, until when and why.</param>
public sealed record MuteChange(string Channel, string User, Sanction Mute) : MemberChange(Channel, User);

/// <summary>A mute ends.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="User">The user.</param>
public sealed record UnmuteChange(string Channel, string User) : MemberChange(Channel, User);

/// <summary>A ban or a mute of a user in a channel.</summary>
/// <param name="By">Who decided it; <see langword="null"/> for the application.</param>
/// <param name="Time">When, UTC, in whole milliseconds.</param>
/// <param name="Until">When it ends by itself, UTC, in whole milliseconds; <see langword="null"/> for never.</param>
/// <param name="Reason">Why, if that was said: at most <see cref="ProtocolConstants.MaxReasonLength"/> UTF-16 code units.</param>
public sealed record Sanction(string? By, DateTimeOffset Time, DateTimeOffset? Until = null, string? Reason = null)
{
    /// <summary>Whether it holds at a time.</summary>
    public bool HoldsAt(DateTimeOffset time) => Until is not { } until || until > time;
}

/// <summary>What a user is in a channel, as a store finds it in the transaction that applies a change, and as the change leaves it.</summary>
/// <param name="Kind">The channel's kind.</param>
/// <param name="Role">The user's role; <see langword="null"/> where the user is no member.</param>
/// <param name="Owners">How many owners the channel has, or 2 where it has more. Only looked at where the user is one.</param>
/// <param name="Revision">The channel's revision.</param>
/// <param name="Ban">The ban that is stored for the user, whether or not it still holds.</param>
/// <param name="Mute">The mute that is stored for the user, whether or not it still holds.</param>
public readonly record struct MemberState(
    ChannelKind Kind, ChannelRole? Role, long Owners = 0, long Revision = 0, Sanction? Ban = null, Sanction? Mute = null);

/// <summary>What became of a change of a member.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Before">What the user was before it, where there is a channel.</param>
/// <param name="After">
/// What the user is after it. Where the outcome is <see cref="MemberOutcome.Changed"/>, the store writes what differs: role, ban, mute and
/// the channel's revision.
/// </param>
/// <param name="Action">The action to be kept with it, if any.</param>
public readonly record struct MemberResult(MemberOutcome Outcome, MemberState Before = default, MemberState After = default, ChannelAction? Action = null);

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

    /// <summary>The user is banned and can be no member.</summary>
    Banned,

    /// <summary>The change was permitted at another revision than the channel has by now.</summary>
    Stale,
}
