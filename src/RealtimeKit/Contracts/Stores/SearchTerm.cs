using RealtimeKit.Protocol;

namespace RealtimeKit.Stores;

/// <summary>One term: a word, a run, or a phrase of several of them.</summary>
internal sealed class SearchTerm(SearchUnit[] units, bool isPhrase)
{
    /// <summary>What an index has of every text that has the term.</summary>
    public IEnumerable<SearchToken> Tokens => units.SelectMany(unit => unit.Tokens(!isPhrase));

    public bool IsSame(SearchTerm other) => Tokens.SequenceEqual(other.Tokens);

    /// <summary>Adds where the term stands in a text, up to so many times.</summary>
    public void AddRanges(FoldedText text, List<TextRange> ranges, int most)
    {
        var tokens = text.Tokens;
        for (var i = 0; i < tokens.Length && most > 0; i++)
        {
            if (Match(text, i) is not { } last) continue;
            ranges.Add(text.Range(tokens[i].First, last));
            most--;
        }
    }

    // The last folded unit of the term where it begins with a token of the text; null where it does not.
    private int? Match(FoldedText text, int first)
    {
        var tokens = text.Tokens;
        var last = 0;
        foreach (var unit in units)
        {
            var count = unit.Match(text, first, isPrefix: !isPhrase);
            if (count == 0) return null;
            last = unit.IsRun || isPhrase ? tokens[first + count - 1].First + tokens[first + count - 1].Length - 1 : tokens[first].First + unit.Length - 1;
            first += count;
        }

        return last;
    }
}

/// <summary>A word, or a run of characters of scripts without spaces.</summary>
internal sealed class SearchUnit
{
    private readonly string[] _parts;

    private SearchUnit(string[] parts, bool isRun) => (_parts, IsRun) = (parts, isRun);

    /// <summary>Whether it is a run.</summary>
    public bool IsRun { get; }

    /// <summary>How long a word is.</summary>
    public int Length => _parts[0].Length;

    /// <summary>Cuts a text into words and runs.</summary>
    public static IEnumerable<SearchUnit> Of(FoldedText text)
    {
        for (var i = 0; i < text.Tokens.Length;)
        {
            var count = 1;
            while (i + count < text.Tokens.Length && text.Tokens[i + count].IsJoined) count++;
            var parts = new string[count];
            for (var j = 0; j < count; j++) parts[j] = text.Span(text.Tokens[i + j]).ToString();
            yield return new SearchUnit(parts, text.Tokens[i].IsOfRun);
            i += count;
        }
    }

    /// <summary>What an index has of a text with it.</summary>
    /// <param name="isPrefix">Whether a word may go on.</param>
    public IEnumerable<SearchToken> Tokens(bool isPrefix)
    {
        if (!IsRun) yield return new SearchToken(SearchIndex.OfWord(_parts[0]), isPrefix);
        else if (_parts.Length == 1) yield return new SearchToken(SearchIndex.OfPair(_parts[0], ""), true);
        for (var i = 0; IsRun && i + 1 < _parts.Length; i++) yield return new SearchToken(SearchIndex.OfPair(_parts[i], _parts[i + 1]), false);
    }

    /// <summary>How many tokens of the text, from one on, are this; 0 where they are something else.</summary>
    public int Match(FoldedText text, int first, bool isPrefix)
    {
        var tokens = text.Tokens;
        if (tokens.Length - first < _parts.Length) return 0;
        for (var i = 0; i < _parts.Length; i++)
        {
            var token = tokens[first + i];
            if (token.IsOfRun != IsRun || (i > 0 && !token.IsJoined)) return 0;
            var span = text.Span(token);
            if (isPrefix && !IsRun ? !span.StartsWith(_parts[i], StringComparison.Ordinal) : !span.SequenceEqual(_parts[i])) return 0;
        }

        return _parts.Length;
    }
}
