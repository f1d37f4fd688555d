using System.Security.Claims;
using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>
/// Says whether a user may do something to a channel. The default goes by the channel's kind and the user's role. Asked
/// for every request, often: answer at once where that is possible.
/// </summary>
public interface IChannelAuthorizer
{
    /// <summary>Decides.</summary>
    ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken);
}

/// <summary>Who wants to do what to which channel.</summary>
/// <param name="User">The user.</param>
/// <param name="Operation">What.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Role">The user's role in it, or <see langword="null"/> where the user is not a member.</param>
/// <param name="Sender">For an edit or deletion the message's sender, else <see langword="null"/>.</param>
/// <param name="SenderRole">That sender's role, or <see langword="null"/>.</param>
public readonly record struct AccessRequest(
    string User, ChannelOperation Operation, string Channel, ChannelKind Kind, ChannelRole? Role,
    string? Sender = null, ChannelRole? SenderRole = null)
{
    /// <summary>
    /// The user's claims, as the authenticator gave them with <see cref="SignIn.Principal"/>; <see langword="null"/> where it gave none, and
    /// where rights are checked again without a request of the user.
    /// </summary>
    public ClaimsPrincipal? Principal { get; init; }

    /// <summary>Whether the user is banned from the channel now.</summary>
    public bool IsBanned { get; init; }

    /// <summary>Whether the user is muted in the channel now.</summary>
    public bool IsMuted { get; init; }

    /// <summary>Whether the channel is closed.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Whether this is a direct channel whose other user blocks the user.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>Whether the channel has no owner, so that its settings and pins are the host's alone. Only told where the user is a moderator.</summary>
    public bool IsOwnerless { get; init; }

    /// <summary>
    /// For an operation on another user that user, for the making of a direct channel its other user, else <see langword="null"/>.
    /// </summary>
    public string? Target { get; init; }

    /// <summary>That user's role, or <see langword="null"/> where that user is not a member.</summary>
    public ChannelRole? TargetRole { get; init; }

    /// <summary>For <see cref="ChannelOperation.Invite"/> and <see cref="ChannelOperation.SetRole"/> the role to be given, else <see langword="null"/>.</summary>
    public ChannelRole? NewRole { get; init; }
}

/// <summary>What a user may want to do.</summary>
public enum ChannelOperation
{
    /// <summary>Know of the channel, read its history, members and presence, subscribe and mark as read.</summary>
    Read,

    /// <summary>Send messages.</summary>
    Publish,

    /// <summary>React to messages.</summary>
    React,

    /// <summary>Send signals.</summary>
    Signal,

    /// <summary>Change a message's content.</summary>
    Edit,

    /// <summary>Delete a message.</summary>
    Delete,

    /// <summary>Pin a message, or unpin it.</summary>
    Pin,

    /// <summary>Make a channel.</summary>
    Create,

    /// <summary>Become a member by oneself.</summary>
    Join,

    /// <summary>End one's own membership.</summary>
    Leave,

    /// <summary>Make another user a member.</summary>
    Invite,

    /// <summary>End another user's membership.</summary>
    Remove,

    /// <summary>Keep another user out.</summary>
    Ban,

    /// <summary>End another user's ban.</summary>
    Unban,

    /// <summary>Let another user only read.</summary>
    Mute,

    /// <summary>End another user's mute.</summary>
    Unmute,

    /// <summary>Give a user a role.</summary>
    SetRole,

    /// <summary>Change name, data or slow mode of a channel. Of a direct channel only the data can be asked for.</summary>
    Update,

    /// <summary>Close a channel, or open it again.</summary>
    Close,

    /// <summary>Read what moderators read: bans, reports and actions.</summary>
    Moderate,

    /// <summary>Report a message to the moderators.</summary>
    Report,

    /// <summary>Say what became of a report.</summary>
    Resolve,
}

/// <summary>The answer to an access request.</summary>
public enum Access
{
    /// <summary>The user may know of the channel, but not do this.</summary>
    Forbidden,

    /// <summary>The user may not know that the channel exists.</summary>
    Hidden,

    /// <summary>The user may.</summary>
    Allowed,
}
