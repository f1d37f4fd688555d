namespace RealtimeKit.Protocol;

/// <summary>What a moderator or owner did in a channel. Never changed, and never deleted before the channel.</summary>
/// <param name="Time">When.</param>
/// <param name="By">Who.</param>
/// <param name="Change">The request: <c>invite</c>, <c>remove</c>, <c>ban</c>, <c>unban</c>, <c>mute</c>, <c>unmute</c>, <c>setRole</c>, <c>update</c>, <c>resolve</c>, or <c>delete</c> of another's message.</param>
/// <param name="User">To whom, if to somebody; of a deleted message its sender.</param>
/// <param name="Sequence">To which message, if to one.</param>
/// <param name="Role">The role that was given, if one was.</param>
/// <param name="Until">When it ends by itself, if it does.</param>
/// <param name="Reason">Why, if that was said.</param>
/// <param name="Data">For <c>update</c> the settings that were set, for <c>resolve</c> report and state, else <see langword="null"/>.</param>
public sealed record ChannelAction(
    DateTimeOffset Time, string By, string Change, string? User = null, long? Sequence = null, ChannelRole? Role = null,
    DateTimeOffset? Until = null, string? Reason = null, JsonValue? Data = null);
