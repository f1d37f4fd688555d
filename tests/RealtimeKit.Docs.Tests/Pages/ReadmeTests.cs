using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>What the README claims by numbers is what the pages of measurements say.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void Every_measured_number_stands_on_the_page_it_comes_from()
    {
        var readme = Repository.Read("README.md");
        var tables = readme[readme.IndexOf("## Measured", StringComparison.Ordinal)..readme.IndexOf("## What it does not do yet", StringComparison.Ordinal)];
        var numbers = Number().Matches(tables).Select(match => match.Groups[1].Value).ToList();
        numbers.Should().HaveCountGreaterThan(8);
        numbers.Where(number => !Stands(number)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("113,06", false)]
    [InlineData("0", true)]
    public void A_part_of_a_number_is_not_the_number(string number, bool stands) => Stands(number).Should().Be(stands);

    [Fact]
    public void Every_package_is_named()
    {
        var readme = Repository.Read("README.md");
        foreach (var project in Directory.GetFiles(Repository.Full("src"), "*.csproj", SearchOption.AllDirectories))
            readme.Should().Contain($"| `{Path.GetFileNameWithoutExtension(project)}` |");
    }

    private static bool Stands(string number) =>
        Regex.IsMatch(Repository.Read("docs/performance.md") + Repository.Read("docs/reliability.md"), $"(?<![\\d.,]){Regex.Escape(number)}(?![\\d]|[.,]\\d)");

    [GeneratedRegex("\\*\\*([\\d.,]+)\\*\\*")]
    private static partial Regex Number();
}
