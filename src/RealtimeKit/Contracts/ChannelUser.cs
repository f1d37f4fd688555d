using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit;

/// <summary>What a user is in a channel.</summary>
/// <param name="User">The user.</param>
/// <param name="Role">The role; <see langword="null"/> where the user is no member.</param>
/// <param name="Read">The highest sequence that the user marked as read; 0 for none.</param>
/// <param name="Ban">The ban that holds now, or <see langword="null"/>.</param>
/// <param name="Mute">The mute that holds now, or <see langword="null"/>.</param>
public sealed record ChannelUser(string User, ChannelRole? Role, long Read, Sanction? Ban = null, Sanction? Mute = null);

/// <summary>What became of a change of many members.</summary>
/// <param name="Changed">How many were changed; of the others who are not refused it was so already.</param>
/// <param name="Refused">Who could not be changed.</param>
public sealed record MembersChanged(int Changed, IReadOnlyList<RefusedMember> Refused);

/// <summary>A user whose membership could not be changed with others.</summary>
/// <param name="User">The user.</param>
/// <param name="Reason">Why: <see cref="MemberOutcome.Banned"/> or <see cref="MemberOutcome.LastOwner"/>.</param>
public sealed record RefusedMember(string User, MemberOutcome Reason);
