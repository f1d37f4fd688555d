using RealtimeKit.Protocol;

namespace RealtimeKit;

/// <summary>A channel as the application sees it.</summary>
/// <param name="Channel">Its identifier.</param>
/// <param name="Kind">Who may find it.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Version">The number of its latest change; 0 before the first.</param>
/// <param name="Sequence">The number of its latest message; 0 before the first.</param>
public sealed record ChannelInfo(string Channel, ChannelKind Kind, ChannelSettings Settings, DateTimeOffset Created, long Version, long Sequence);

/// <summary>A page of channels.</summary>
/// <param name="Channels">The channels, in ordinal order of their names.</param>
/// <param name="More">Whether there are more after the last of them.</param>
public sealed record ChannelInfoPage(IReadOnlyList<ChannelInfo> Channels, bool More);
