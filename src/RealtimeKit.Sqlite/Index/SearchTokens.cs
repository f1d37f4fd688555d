using System.Globalization;
using System.Text;
using RealtimeKit.Stores;

namespace RealtimeKit.Sqlite.Index;

/// <summary>The tokens of the index as text: what is indexed of a message, and what is asked.</summary>
internal static class SearchTokens
{
    /// <summary>The tokens of a message: those of its text, its channel, and whether that is public.</summary>
    public static string Of(long part, long channel, bool isPublic, string text)
    {
        var prefix = part.ToString(CultureInfo.InvariantCulture);
        var tokens = new StringBuilder();
        foreach (var token in SearchIndex.Tokens(text)) tokens.Append(prefix).Append(token).Append(' ');
        tokens.Append(prefix).Append(OfChannel(channel));
        if (isPublic) tokens.Append(CultureInfo.InvariantCulture, $" {prefix}{Public}");
        return tokens.ToString();
    }

    /// <summary>What is asked of one part, in the language of FTS5: every word of it stands in quotation marks, so that none is an operator.</summary>
    /// <param name="part">The part.</param>
    /// <param name="tokens">What is searched.</param>
    /// <param name="scope">The tokens of which a message must have one; empty where any message will do.</param>
    public static string Ask(long part, IReadOnlyList<SearchToken> tokens, IReadOnlyList<string> scope)
    {
        var prefix = part.ToString(CultureInfo.InvariantCulture);
        var query = new StringBuilder();
        foreach (var (text, isPrefix) in tokens)
        {
            if (query.Length > 0) query.Append(" AND ");
            query.Append('"').Append(prefix).Append(text).Append('"');
            if (isPrefix) query.Append(" *");
        }

        for (var i = 0; i < scope.Count; i++) query.Append(i == 0 ? " AND (\"" : " OR \"").Append(prefix).Append(scope[i]).Append('"');
        return scope.Count == 0 ? query.ToString() : query.Append(')').ToString();
    }

    public const string Public = "p";

    public static string OfChannel(long channel) => string.Create(CultureInfo.InvariantCulture, $"c{channel}");
}
