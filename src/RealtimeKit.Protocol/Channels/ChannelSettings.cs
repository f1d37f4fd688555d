namespace RealtimeKit.Protocol;

/// <summary>What can be set of a channel after it was made.</summary>
/// <param name="Name">Its display name, if any: at most 64 UTF-16 code units.</param>
/// <param name="Data">The application's own, if any: a JSON object of at most 8,192 bytes without white space.</param>
/// <param name="Closed">Whether nobody below owner may change anything in it. Reading goes on.</param>
/// <param name="SlowMode">How many seconds must pass between two posts of a user below moderator: 0 (the default) to 3,600.</param>
public sealed record ChannelSettings(string? Name = null, JsonValue? Data = null, bool Closed = false, int SlowMode = 0);
