namespace RealtimeKit.Protocol;

/// <summary>Where to search, and which page. The default is the first page over all channels that the user may see.</summary>
public sealed record SearchOptions
{
    /// <summary>Only this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>Only messages of this user.</summary>
    public string? Sender { get; init; }

    /// <summary>Only messages of this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only messages before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The most messages, 1 to 200. Default: 50.</summary>
    public int? Limit { get; init; }

    /// <summary>The <see cref="SearchResults.Next"/> of the page before.</summary>
    public string? Before { get; init; }
}

/// <summary>A page of what a search has found.</summary>
/// <param name="Messages">The messages, the latest first. A page may have fewer than asked for, also none, and there be more.</param>
/// <param name="Next">What to ask the next page with; <see langword="null"/> where this is the last.</param>
public sealed record SearchResults(IReadOnlyList<FoundMessage> Messages, string? Next);

/// <summary>A message that a search has found.</summary>
/// <param name="Message">The message as it now is.</param>
/// <param name="Matches">What of its text matches: ascending, apart, at least one range and at most 100.</param>
public sealed record FoundMessage(Message Message, IReadOnlyList<TextRange> Matches);
