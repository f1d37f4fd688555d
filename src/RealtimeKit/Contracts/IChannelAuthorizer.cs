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
    string? Sender = null, ChannelRole? SenderRole = null);

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

    /// <summary>Make a channel.</summary>
    Create,

    /// <summary>Become a member by oneself.</summary>
    Join,

    /// <summary>End one's own membership.</summary>
    Leave,
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
