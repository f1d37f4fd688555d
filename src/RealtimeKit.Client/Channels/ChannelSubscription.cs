using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>The state of a channel when it was subscribed.</summary>
/// <param name="Epoch">The channel's epoch: a channel that is deleted and made again has another one.</param>
/// <param name="Version">Its latest change.</param>
/// <param name="Sequence">Its last message; 0 for none.</param>
/// <param name="Read">The user's read mark; 0 for none.</param>
/// <param name="Role">The user's role; <see langword="null"/> where the user is not a member.</param>
/// <param name="Settings">The channel's settings.</param>
/// <param name="Muted">Whether the user may read, but not write.</param>
/// <param name="MutedUntil">When that ends by itself; <see langword="null"/> for never.</param>
public sealed record ChannelSubscription(
    string Epoch, long Version, long Sequence, long Read, ChannelRole? Role, ChannelSettings Settings, bool Muted = false, DateTimeOffset? MutedUntil = null);
