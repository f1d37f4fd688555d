using System.Diagnostics.CodeAnalysis;
using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>
/// What a user searches for: words, runs of scripts without spaces, and phrases, all of which a text must have. Whether a text has them is
/// decided here for every store; a store's index only finds messages that may. Immutable.
/// </summary>
/// <remarks>
/// A word finds words that begin with it. A run of Han, kana, Hangul or Thai finds where it stands, also inside a longer run. A phrase in
/// quotation marks finds whole words side by side, whatever punctuation stands between. Case and diacritics do not count.
/// </remarks>
public sealed class SearchTerms
{
    /// <summary>The most ranges that <see cref="Find"/> returns.</summary>
    public const int MaxRanges = 100;

    private readonly List<SearchTerm> _terms;

    private SearchTerms(List<SearchTerm> terms)
    {
        _terms = terms;
        Tokens = [.. terms.SelectMany(static term => term.Tokens).Distinct()];
    }

    /// <summary>What an index has of every text that has all terms: each token, or for a prefix one that begins with it.</summary>
    public IReadOnlyList<SearchToken> Tokens { get; }

    /// <summary>How many terms there are.</summary>
    internal int Count => _terms.Count;

    /// <summary>Reads a query.</summary>
    /// <param name="query">The query as the user wrote it.</param>
    /// <param name="terms">The terms.</param>
    /// <returns>False where it has nothing that can be searched.</returns>
    public static bool TryParse(string query, [NotNullWhen(true)] out SearchTerms? terms)
    {
        ArgumentNullException.ThrowIfNull(query);
        var found = new List<SearchTerm>();
        var isPhrase = false;
        foreach (var part in query.Split('"'))
        {
            var text = FoldedText.Of(part);
            if (isPhrase) AddPhrase(found, text);
            else AddWords(found, text);
            isPhrase = !isPhrase;
        }

        terms = found.Count == 0 ? null : new SearchTerms(found);
        return terms is not null;
    }

    /// <summary>Finds the terms in a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Where they stand: ascending, apart, the first <see cref="MaxRanges"/>; empty where the text lacks a term.</returns>
    public IReadOnlyList<TextRange> Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var folded = FoldedText.Of(text);
        var ranges = new List<TextRange>();
        foreach (var term in _terms)
        {
            var before = ranges.Count;
            term.AddRanges(folded, ranges, MaxRanges);
            if (ranges.Count == before) return [];
        }

        return Merge(ranges);
    }

    private static void AddWords(List<SearchTerm> terms, FoldedText text)
    {
        foreach (var unit in SearchUnit.Of(text)) Add(terms, new SearchTerm([unit], isPhrase: false));
    }

    private static void AddPhrase(List<SearchTerm> terms, FoldedText text)
    {
        SearchUnit[] units = [.. SearchUnit.Of(text)];
        if (units.Length > 0) Add(terms, new SearchTerm(units, isPhrase: true));
    }

    private static void Add(List<SearchTerm> terms, SearchTerm term)
    {
        if (!terms.Exists(other => other.IsSame(term))) terms.Add(term);
    }

    private static List<TextRange> Merge(List<TextRange> ranges)
    {
        ranges.Sort(static (one, other) => one.Start != other.Start ? one.Start.CompareTo(other.Start) : one.Length.CompareTo(other.Length));
        var merged = new List<TextRange>();
        foreach (var range in ranges)
        {
            if (merged.Count == 0 || range.Start > merged[^1].End)
            {
                if (merged.Count == MaxRanges) break;
                merged.Add(range);
            }
            else if (range.End > merged[^1].End)
            {
                merged[^1] = merged[^1] with { Length = range.End - merged[^1].Start };
            }
        }

        return merged;
    }
}

/// <summary>What an index is asked for.</summary>
/// <param name="Text">The token, as <see cref="SearchIndex"/> makes it of texts.</param>
/// <param name="IsPrefix">Whether tokens that begin with it will do.</param>
public readonly record struct SearchToken(string Text, bool IsPrefix);
