namespace RealtimeKit.Protocol;

/// <summary>A message that the store holds durably.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="Sequence">Its position in the channel.</param>
/// <param name="Version">The channel's version at its last change.</param>
/// <param name="Time">When the server took it, UTC.</param>
/// <param name="Duplicate">Whether an earlier attempt had stored it already.</param>
public sealed record SentMessage(MessageId Id, long Sequence, long Version, DateTimeOffset Time, bool Duplicate);
