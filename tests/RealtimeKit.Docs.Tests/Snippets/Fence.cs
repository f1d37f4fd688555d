using System.Text.RegularExpressions;

namespace RealtimeKit.Docs.Snippets;

/// <summary>A fenced block of a page.</summary>
/// <param name="Page">The page.</param>
/// <param name="Line">The line of the opening fence.</param>
/// <param name="Language">What stands behind the opening fence.</param>
/// <param name="Code">What stands between the fences.</param>
/// <param name="From">The file of the repository that it is quoted from, if the comment before it says so.</param>
/// <param name="File">The file that the reader is to make of it, if the comment before it says so.</param>
internal sealed partial record Fence(string Page, int Line, string Language, string Code, string? From, string? File)
{
    public static IReadOnlyList<Fence> All { get; } = [.. Repository.Pages.SelectMany(page => Read(page, Repository.Read(page)))];

    public string Place => $"{Page}:{Line}";

    public static Fence At(string place) => All.Single(fence => fence.Place == place);

    public static IEnumerable<Fence> Read(string page, string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var opening = lines[i].TrimStart();
            if (!opening.StartsWith("```", StringComparison.Ordinal)) continue;
            var (start, indent) = (i, lines[i].Length - opening.Length);
            var code = new List<string>();
            for (i++; i < lines.Length && lines[i].Trim() != "```"; i++)
                code.Add(lines[i].Length >= indent && string.IsNullOrWhiteSpace(lines[i][..indent]) ? lines[i][indent..] : lines[i]);
            if (i == lines.Length) throw new InvalidDataException($"{page}:{start + 1}: the fence is not closed.");
            var comment = Comment().Match(start > 0 ? lines[start - 1] : "");
            yield return new Fence(
                page, start + 1, opening[3..].Trim(), string.Join('\n', code), Value(comment, "from"), Value(comment, "file"));
        }
    }

    private static string? Value(Match comment, string key) => comment.Success && comment.Groups[1].Value == key ? comment.Groups[2].Value : null;

    [GeneratedRegex("^\\s*<!-- (from|file): (\\S+) -->\\s*$")]
    private static partial Regex Comment();
}
