using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>A page of what changed in a channel.</summary>
/// <param name="Messages">The messages as they now are, in ascending version.</param>
/// <param name="Position">Where the page ends: what to ask for next.</param>
/// <param name="More">Whether there was more beyond it.</param>
public sealed record ChangePage(IReadOnlyList<Message> Messages, ChannelPosition Position, bool More);
