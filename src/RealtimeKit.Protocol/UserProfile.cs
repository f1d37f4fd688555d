namespace RealtimeKit.Protocol;

/// <summary>What the application shows of a user.</summary>
/// <param name="User">The user.</param>
/// <param name="Name">The name to show, if any.</param>
/// <param name="Avatar">An address of a picture, if any.</param>
/// <param name="Data">Anything else of the application's own: any JSON value.</param>
public sealed record UserProfile(string User, string? Name = null, string? Avatar = null, JsonValue? Data = null);
