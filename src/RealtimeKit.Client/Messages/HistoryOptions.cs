using RealtimeKit.Protocol;

namespace RealtimeKit.Client;

/// <summary>Which part of a channel's history to read. The default is the newest page.</summary>
public sealed record HistoryOptions
{
    /// <summary>Only messages with a lower sequence: the way to scroll up.</summary>
    public long? Before { get; init; }

    /// <summary>Only messages with a higher sequence; then the page holds the oldest of the range, otherwise the newest.</summary>
    public long? After { get; init; }

    /// <summary>Only the thread that this message belongs to, its root included.</summary>
    public long? Thread { get; init; }

    /// <summary>Only pinned messages. Default: false.</summary>
    public bool Pinned { get; init; }

    /// <summary>The most messages, 1 to 200. Default: 50.</summary>
    public int? Limit { get; init; }
}

/// <summary>A page of history.</summary>
/// <param name="Messages">The messages as they now are, in ascending sequence.</param>
/// <param name="More">Whether the range has more than this page.</param>
public sealed record HistoryPage(IReadOnlyList<Message> Messages, bool More);
