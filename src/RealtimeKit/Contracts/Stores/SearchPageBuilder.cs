using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// Decides which candidates of an index are hits and where a page ends, so that every store answers alike and none works for long. A store gives
/// it the candidates in their order, the latest first, until it needs no more. Not safe for concurrent use.
/// </summary>
/// <param name="query">What is searched.</param>
public sealed class SearchPageBuilder(SearchQuery query)
{
    /// <summary>The most candidates of one page.</summary>
    public const int MaxCandidates = 5_000;

    // Comparing takes as long as texts and terms make it: about a tenth of a second.
    private const long MaxWork = 16_000_000;

    private readonly List<SearchHit> _hits = [];
    private SearchPosition _last;
    private long _bytes;
    private long _work;
    private int _candidates;
    private bool _more;

    /// <summary>Whether the page needs no more candidates.</summary>
    public bool IsComplete => _more;

    /// <summary>Takes the next candidate, which the user may see.</summary>
    /// <param name="message">The message as it is in the same view of the store.</param>
    /// <param name="position">Its place.</param>
    /// <returns>Whether the page takes more candidates.</returns>
    public bool TryAdd(Message message, SearchPosition position)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Find(message) is { Count: > 0 } matches)
        {
            if (_hits.Count > 0 && (_hits.Count >= query.Limit.Messages || _bytes >= query.Limit.Bytes))
            {
                _more = true;
                return false;
            }

            _hits.Add(new SearchHit(message, matches, position));
            _bytes += PageBuilder.Size(message);
        }

        return TryPass(position);
    }

    /// <summary>Leaves out a candidate that the user may not see, or that is gone.</summary>
    /// <returns>Whether the page takes more candidates.</returns>
    public bool TryPass(SearchPosition position)
    {
        _last = position;
        _more = ++_candidates >= MaxCandidates || _work >= MaxWork;
        return !_more;
    }

    /// <summary>Ends the page at a place, because the store has looked for as long as it may for one page.</summary>
    public void End(SearchPosition position) => (_last, _more) = (position, true);

    /// <summary>The page.</summary>
    public SearchPage Build() => new(_hits, _more ? _last : null);

    private IReadOnlyList<TextRange> Find(Message message)
    {
        if (message.Content.Text is not { } text || (query.Sender is { } sender && sender != message.Sender)
            || message.Time < query.Since || message.Time >= query.Until) return [];
        _work += (long)text.Length * query.Terms.Count;
        return query.Terms.Find(text);
    }
}
