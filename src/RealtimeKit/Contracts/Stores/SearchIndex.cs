namespace RealtimeKit.Stores;

/// <summary>
/// What stores put into their index of a text, so that all of them find the same. Pure functions: a store keeps the tokens and finds messages by
/// <see cref="SearchTerms.Tokens"/>, and <see cref="SearchPageBuilder"/> decides which of them are hits.
/// </summary>
public static class SearchIndex
{
    /// <summary>The most tokens of one text; what follows is not found.</summary>
    public const int MaxTokens = 40_000;

    // A longer word is found by its beginning; the text says whether it was the right one.
    private const int MaxWordLength = 64;
    private const char Word = 'w';
    private const char Pair = 'b';

    /// <summary>
    /// The tokens of a text, each once: lower-case letters and digits without diacritics, and nothing that is punctuation, white space or a symbol.
    /// Each begins with an ASCII letter, <c>w</c> or <c>b</c>; a store may use the others for its own.
    /// </summary>
    /// <param name="text">The text; <see langword="null"/> has none.</param>
    public static IReadOnlyCollection<string> Tokens(string? text)
    {
        if (string.IsNullOrEmpty(text)) return [];
        var folded = FoldedText.Of(text);
        var found = new HashSet<string>(folded.Tokens.Length, StringComparer.Ordinal);
        for (var i = 0; i < folded.Tokens.Length && found.Count < MaxTokens; i++)
        {
            var token = folded.Tokens[i];
            if (!token.IsOfRun) found.Add(OfWord(folded.Span(token)));
            else if (i + 1 < folded.Tokens.Length && folded.Tokens[i + 1].IsJoined) found.Add(OfPair(folded.Span(token), folded.Span(folded.Tokens[i + 1])));
            else found.Add(OfPair(folded.Span(token), ""));
        }

        return found;
    }

    internal static string OfWord(ReadOnlySpan<char> word)
    {
        var length = Math.Min(word.Length, MaxWordLength);
        if (char.IsHighSurrogate(word[length - 1])) length--;
        return $"{Word}{word[..length]}";
    }

    // A character with the one that follows it; the last of a run stands alone, so that each one begins a token.
    internal static string OfPair(ReadOnlySpan<char> character, ReadOnlySpan<char> next) => $"{Pair}{character}{next}";
}
