using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Finds messages by their text: an optional ability of a store. The engine takes it from the container or, where it is not registered, from
/// a store that implements it; without it, and where <see cref="RealtimeOptions.Search"/> is false, requests to search are unsupported.
/// Implementations are safe for concurrent use and answer from committed data only.
/// </summary>
/// <remarks>
/// What <see cref="IMessageStore.AppendAsync"/> has stored is found, and what it has edited or deleted is found no more, from its return on. Whether a
/// message is a hit is decided by <see cref="SearchPageBuilder"/>, the same in every store. Messages that were stored before the
/// store had an index are found as soon as they are indexed.
/// </remarks>
public interface IMessageSearch
{
    /// <summary>
    /// Finds messages, the latest first: by time, and those of the same time as they were stored. The work of one call is bounded: where the index has
    /// many candidates and few hits, a page ends early, also without any hit, and <see cref="SearchPage.Next"/> goes on behind it. Pages
    /// tell nothing twice and leave out nothing that was there at the first of them.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The storage is out of reach.</exception>
    ValueTask<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken);
}

/// <summary>What to find.</summary>
/// <param name="Terms">What the text must have.</param>
/// <param name="Limit">How much at most.</param>
/// <param name="Time">The present time, by which bans hold or have ended.</param>
public sealed record SearchQuery(SearchTerms Terms, PageLimit Limit, DateTimeOffset Time)
{
    /// <summary>Only this channel, whoever asks.</summary>
    public string? Channel { get; init; }

    /// <summary>
    /// Without a <see cref="Channel"/>: only channels that this user is a member of, and public ones from which the user is not banned;
    /// <see langword="null"/> for all channels.
    /// </summary>
    public string? User { get; init; }

    /// <summary>Only messages of this sender.</summary>
    public string? Sender { get; init; }

    /// <summary>Only messages of this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only messages before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The <see cref="SearchPage.Next"/> of the page before.</summary>
    public SearchPosition? Before { get; init; }
}

/// <summary>A page of hits.</summary>
/// <param name="Hits">The hits, the latest first.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> where nothing more is found.</param>
public sealed record SearchPage(IReadOnlyList<SearchHit> Hits, SearchPosition? Next);

/// <summary>A message that was found.</summary>
/// <param name="Message">The message as it now is.</param>
/// <param name="Matches">Where the terms stand in its text, at least once: ascending, apart, at most <see cref="SearchTerms.MaxRanges"/>.</param>
/// <param name="Position">Its place: a page that ends with it goes on from there.</param>
public sealed record SearchHit(Message Message, IReadOnlyList<TextRange> Matches, SearchPosition Position);
