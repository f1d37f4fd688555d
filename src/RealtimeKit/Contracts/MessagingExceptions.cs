using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>A call of <see cref="IRealtimeMessaging"/> named a channel that does not exist.</summary>
/// <param name="channel">The channel.</param>
public sealed class ChannelNotFoundException(string channel)
    : Exception($"There is no channel '{channel}'. Make it with {nameof(IRealtimeMessaging.Channels)}.{nameof(IRealtimeChannels.EnsureAsync)}.")
{
    /// <summary>The channel that does not exist.</summary>
    public string Channel { get; } = channel;
}

/// <summary>A call of <see cref="IRealtimeMessaging"/> named a message that its channel does not have.</summary>
/// <param name="channel">The channel.</param>
/// <param name="sequence">The message's sequence.</param>
public sealed class MessageNotFoundException(string channel, long sequence)
    : Exception($"There is no message {sequence} in channel '{channel}'.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The sequence that no message of the channel has.</summary>
    public long Sequence { get; } = sequence;
}

/// <summary>A call of <see cref="IRealtimeMessaging"/> would have pinned more messages of a channel than may be.</summary>
/// <param name="channel">The channel.</param>
public sealed class TooManyPinsException(string channel)
    : Exception($"{Stores.ChangeRules.MaxPins} messages of channel '{channel}' are pinned already: unpin another one first.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;
}

/// <summary>A message was sent under an id that another message of its channel has.</summary>
/// <param name="channel">The channel.</param>
/// <param name="id">The id.</param>
public sealed class MessageIdConflictException(string channel, MessageId id)
    : Exception($"Channel '{channel}' has another message under the id {id}: give every message its own.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The id that another message has.</summary>
    public MessageId Id { get; } = id;
}

/// <summary>A call of <see cref="IRealtimeMessaging"/> was to change a message that was deleted.</summary>
/// <param name="channel">The channel.</param>
/// <param name="sequence">The message's sequence.</param>
public sealed class MessageDeletedException(string channel, long sequence)
    : Exception($"Message {sequence} of channel '{channel}' was deleted: nothing of it can be changed any more.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The deleted message's sequence.</summary>
    public long Sequence { get; } = sequence;
}

/// <summary>A message has as many different reactions as it may have.</summary>
/// <param name="channel">The channel.</param>
/// <param name="sequence">The message's sequence.</param>
/// <param name="most">How many it may have.</param>
public sealed class TooManyReactionsException(string channel, long sequence, int most)
    : Exception($"Message {sequence} of channel '{channel}' has {most} different reactions, and may not have more.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The message's sequence.</summary>
    public long Sequence { get; } = sequence;
}

/// <summary>A position means nothing in its channel: it was made again under its name, or restored from a backup.</summary>
/// <param name="channel">The channel.</param>
public sealed class ChannelPositionException(string channel)
    : Exception($"The position is not one of channel '{channel}' as it now is: drop what was read of it, and begin anew without a position.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;
}

/// <summary>A call of <see cref="IRealtimeMessaging"/> would have left a channel without an owner.</summary>
/// <param name="channel">The channel.</param>
/// <param name="user">Its last owner.</param>
public sealed class LastOwnerException(string channel, string user)
    : Exception($"User '{user}' is the last owner of channel '{channel}': make another one first.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>Its last owner.</summary>
    public string User { get; } = user;
}

/// <summary>A call of <see cref="IRealtimeMessaging"/> would have made a banned user a member.</summary>
/// <param name="channel">The channel.</param>
/// <param name="user">The user.</param>
public sealed class UserBannedException(string channel, string user)
    : Exception(
        $"User '{user}' is banned from channel '{channel}': end the ban first with "
        + $"{nameof(IRealtimeMessaging.Moderation)}.{nameof(IRealtimeModeration.UnbanAsync)}.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The user who is banned.</summary>
    public string User { get; } = user;
}

/// <summary>The storage is out of reach, full or locked. The engine answers <c>unavailable</c> and the sender tries again.</summary>
/// <param name="message">What could not be done, to what.</param>
/// <param name="innerException">The cause.</param>
public sealed class StoreUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A file that a message names is not a finished one of its sender for the channel, or is in another message.</summary>
/// <param name="channel">The channel.</param>
public sealed class MessageFileException(string channel)
    : Exception($"A file of the message is not a finished one of its sender for channel '{channel}' that is in no other message.");

/// <summary>A call of <see cref="IRealtimeMessaging"/> needs a membership that the user does not have.</summary>
/// <param name="channel">The channel.</param>
/// <param name="user">The user.</param>
public sealed class NotMemberException(string channel, string user)
    : Exception($"User '{user}' is no member of channel '{channel}'. Add the user with {nameof(IRealtimeMessaging.Members)}.{nameof(IRealtimeMembers.AddAsync)}.")
{
    /// <summary>The channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>The user.</summary>
    public string User { get; } = user;
}
