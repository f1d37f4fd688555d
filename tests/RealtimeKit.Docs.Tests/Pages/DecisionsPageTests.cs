using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/decisions/README.md has one row for every decision, under its own title.</summary>
public sealed partial class DecisionsPageTests
{
    [Fact]
    public void Every_decision_has_its_row() =>
        Rows().Select(row => $"{row.File} {row.Title}").Should().Equal(
            Directory.GetFiles(Repository.Full("docs/decisions"), "0*.md").Order(StringComparer.Ordinal).Select(Describe),
            "a decision needs a row in docs/decisions/README.md: number, title, date, status, files");

    [Fact]
    public void Numbers_are_used_once() => Rows().Select(row => row.File[..4]).Should().OnlyHaveUniqueItems();

    [Fact]
    public void Every_row_has_a_date_a_status_and_files()
    {
        foreach (var row in Rows())
        {
            row.File.Should().StartWith(row.Number);
            DateOnly.TryParseExact(row.Date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _).Should().BeTrue("{0} has a date", row.File);
            row.Status.Should().MatchRegex("^(in force|replaced by \\d{4})$", "{0} has a status", row.File);
            row.Files.Should().Contain("](../../", "{0} names the files that it explains", row.File);
        }
    }

    private static string Describe(string path) => $"{Path.GetFileName(path)} {File.ReadLines(path).First()["# ".Length..]}";

    private static List<DecisionRow> Rows() => [.. Row().Matches(Repository.Read("docs/decisions/README.md")).Select(match => new DecisionRow(
        match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value, match.Groups[5].Value, match.Groups[6].Value))];

    [GeneratedRegex("^\\| \\[(\\d{4})\\]\\(([^)]+)\\) \\| (.+?) \\| (.+?) \\| (.+?) \\| (.+) \\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    private sealed record DecisionRow(string Number, string File, string Title, string Date, string Status, string Files);
}
