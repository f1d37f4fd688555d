using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>A page of a channel's members.</summary>
/// <param name="Members">The members.</param>
/// <param name="More">Whether there are more after the last of them.</param>
public sealed record MemberList(IReadOnlyList<ChannelMember> Members, bool More);

/// <summary>A page of a channel's bans.</summary>
/// <param name="Bans">The bans.</param>
/// <param name="More">Whether there are more after the last of them.</param>
public sealed record BanList(IReadOnlyList<ChannelBan> Bans, bool More);

/// <summary>A page of what moderators and owners did, the latest first.</summary>
/// <param name="Actions">The actions.</param>
/// <param name="Next">What to ask the next page with; <see langword="null"/> where this is the last.</param>
public sealed record ActionList(IReadOnlyList<ChannelAction> Actions, string? Next);

/// <summary>A page of reported messages, the newest report first.</summary>
/// <param name="Reports">The reports.</param>
/// <param name="Next">What to ask the next page with; <see langword="null"/> where this is the last.</param>
public sealed record ReportList(IReadOnlyList<ChannelReport> Reports, string? Next);

/// <summary>A page of public channels.</summary>
/// <param name="Channels">The channels: perhaps fewer than were asked for, also before the last page.</param>
/// <param name="Next">What to ask the next page with; <see langword="null"/> where this is the last.</param>
public sealed record DirectoryList(IReadOnlyList<ListedChannel> Channels, string? Next);

/// <summary>A page of the channels that the user is a member of, the latest changed first.</summary>
/// <param name="Channels">The channels.</param>
/// <param name="Next">What to ask the next page with; <see langword="null"/> where this is the last.</param>
public sealed record ChannelList(IReadOnlyList<ChannelSummary> Channels, string? Next);

/// <summary>A channel to create.</summary>
/// <param name="Kind">Who may find it.</param>
public sealed record ChannelDefinition(ChannelKind Kind)
{
    /// <summary>Its identifier: 1 to 128 ASCII letters, digits or any of <c>- _ . : @</c>. Default: the server makes one.</summary>
    public string? Channel { get; init; }

    /// <summary>Its display name, at most 64 UTF-16 code units.</summary>
    public string? Name { get; init; }

    /// <summary>The application's data: a JSON object of at most 8,192 bytes without white space.</summary>
    public JsonValue? Data { get; init; }

    /// <summary>Its first members beside the caller; for a direct channel the one other user.</summary>
    public IReadOnlyList<string>? Members { get; init; }
}
