using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>Every link from one file of the repository to another leads somewhere, and so does its anchor.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> All => [.. Repository.Pages, .. Repository.Samples];

    [Theory]
    [MemberData(nameof(All))]
    public void Links_lead_somewhere(string page) =>
        Links(Repository.Read(page)).Where(link => !Leads(page, link)).Should().BeEmpty("{0} has these links", page);

    [Fact]
    public void The_index_names_every_page_of_the_folder()
    {
        var index = Links(Repository.Read("docs/README.md")).ToList();
        index.Should().Contain(Repository.Pages.Where(page => page.StartsWith("docs/", StringComparison.Ordinal))
            .Select(page => page["docs/".Length..]).Where(page => page != "README.md" && !page.StartsWith("decisions/0", StringComparison.Ordinal) && !page.StartsWith("measurements/", StringComparison.Ordinal) && !page.StartsWith("recipes/", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_recipes_have_a_row_for_every_page_of_their_folder() =>
        Links(Repository.Read("docs/recipes.md")).Should().Contain(Repository.Pages.Where(page => page.StartsWith("docs/recipes/", StringComparison.Ordinal)).Select(page => page["docs/".Length..]));

    [Theory]
    [InlineData("docs/README.md", "nowhere.md", false)]
    [InlineData("docs/README.md", "protocol.md#frames", true)]
    [InlineData("docs/README.md", "protocol.md#no-such-heading", false)]
    [InlineData("docs/README.md", "../src/RealtimeKit", true)]
    public void A_dead_link_is_found(string page, string link, bool leads) => Leads(page, link).Should().Be(leads);

    private static bool Leads(string page, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0 ? page : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]), Repository.Root));
        return Repository.Exists(target) && (parts.Length == 1 || Anchors(Repository.Read(target)).Contains(parts[1]));
    }

    private static IEnumerable<string> Links(string text) =>
        Link().Matches(Code().Replace(text, "")).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal));

    // As GitHub names them: lower case, hyphens for spaces, without what is neither letter, digit, hyphen nor underscore.
    private static IEnumerable<string> Anchors(string text) =>
        Heading().Matches(Fences().Replace(text, "")).Select(match =>
            new string([.. match.Groups[1].Value.Trim().ToLowerInvariant().Replace(' ', '-').Where(one => char.IsLetterOrDigit(one) || one is '-' or '_')]));

    [GeneratedRegex("\\]\\(([^)\\s]+)\\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```|`[^`\\n]*`", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Code();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fences();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
