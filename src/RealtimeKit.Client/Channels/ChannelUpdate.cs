using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Something that happened in a channel; which of the derived records it is says what.</summary>
public abstract record ChannelUpdate
{
    private protected ChannelUpdate()
    {
    }
}

/// <summary>
/// A message that the reader has not seen: each comes exactly once, in ascending sequence, without gaps. After a time
/// without connection it comes as it now is, perhaps edited or deleted already.
/// </summary>
/// <param name="Message">The message.</param>
public sealed record MessagePosted(Message Message) : ChannelUpdate;

/// <summary>
/// A message that was posted before is now like this: edited, deleted (<see cref="Message.DeletedAt"/>), pinned, unpinned or reacted to.
/// Several changes may come as one, and after an interruption one may come again; the last one is how the message is.
/// It may be older than the first message that the reader saw; then it may be ignored.
/// </summary>
/// <param name="Message">The whole message as it now is.</param>
public sealed record MessageUpdated(Message Message) : ChannelUpdate;

/// <summary>A user reacted to a message or took it back.</summary>
/// <param name="Sequence">The message.</param>
/// <param name="Version">The message's new version.</param>
/// <param name="Reactions">All its reactions as they now are.</param>
/// <param name="User">Who did it.</param>
/// <param name="Reaction">Which reaction.</param>
/// <param name="Removed">Whether it was taken back.</param>
public sealed record ReactionsUpdated(
    long Sequence, long Version, IReadOnlyList<ReactionSummary> Reactions, string User, string Reaction, bool Removed) : ChannelUpdate;

/// <summary>
/// Something passing, never stored and perhaps missed: <c>typing</c> (holds for 6 seconds), <c>presence</c> with
/// <c>{status}</c>, <c>read</c> with <c>{sequence}</c>, or a name of the application's own.
/// </summary>
/// <param name="User">Who caused it.</param>
/// <param name="Name">What it is.</param>
/// <param name="Data">Its data, if any.</param>
public sealed record SignalReceived(string User, string Name, JsonValue? Data) : ChannelUpdate;

/// <summary>
/// The membership of a private or direct channel changed, or in any channel this user was muted or may write again. Not repeated after a
/// time without connection.
/// </summary>
/// <param name="User">Whose.</param>
/// <param name="Change"><c>joined</c>, <c>left</c>, <c>removed</c>, <c>role</c>, <c>banned</c>, <c>unbanned</c>, <c>muted</c> or <c>unmuted</c>.</param>
/// <param name="Role">The role that the user now has, if any.</param>
/// <param name="By">Who did it; <see langword="null"/> where it was the user, or the application.</param>
/// <param name="Until">When a ban or a mute ends by itself; <see langword="null"/> for never.</param>
public sealed record MemberChanged(string User, string Change, ChannelRole? Role, string? By = null, DateTimeOffset? Until = null) : ChannelUpdate;

/// <summary>The channel's settings were changed. Not repeated after a time without connection: a new subscription has them.</summary>
/// <param name="Settings">The settings as they now are.</param>
public sealed record SettingsChanged(ChannelSettings Settings) : ChannelUpdate;

/// <summary>
/// The channel began anew (deleted and made again, or its store was replaced): drop every message held of it. Its
/// messages follow from the first one, or the recent ones where the subscription was made with <see cref="SubscribeOptions.Recent"/>.
/// </summary>
public sealed record ChannelReset : ChannelUpdate;

/// <summary>The subscription ended, and this is its last update.</summary>
/// <param name="Reason"><c>removed</c>, <c>banned</c>, <c>left</c>, <c>deleted</c> or <c>denied</c>.</param>
public sealed record ChannelRevoked(string Reason) : ChannelUpdate;
