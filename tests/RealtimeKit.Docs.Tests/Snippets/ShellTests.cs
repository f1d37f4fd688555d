using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Snippets;

/// <summary>What the pages say to type names projects, scripts and packages that there are.</summary>
public sealed partial class ShellTests
{
    public static TheoryData<string, string> Commands =>
        [.. from fence in Fence.All where fence.Language == "sh" from line in fence.Code.Split('\n') where Names(line).Any() select (fence.Place, line)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_names_what_there_is(string place, string command) =>
        Names(command).Where(path => !Repository.Exists(path)).Should().BeEmpty("{0} says to type: {1}", place, command);

    [Theory]
    [InlineData("dotnet run --project samples/Nowhere", "samples/Nowhere")]
    [InlineData("./tests/nothing.sh  # runs", "tests/nothing.sh")]
    [InlineData("dotnet add package RealtimeKit.Nothing --prerelease", "src/RealtimeKit.Nothing")]
    public void A_command_that_names_nothing_is_found(string command, string path)
    {
        Names(command).Should().Equal(path);
        Repository.Exists(path).Should().BeFalse();
    }

    private static IEnumerable<string> Names(string line)
    {
        var command = line.Split('#')[0];
        return Projects().Matches(command).Select(match => match.Groups[1].Value)
            .Concat(Scripts().Matches(command).Select(match => match.Groups[1].Value))
            .Concat(Packages().Matches(command).Select(match => $"src/{match.Groups[1].Value}"));
    }

    [GeneratedRegex("--project ([\\w./-]+)")]
    private static partial Regex Projects();

    [GeneratedRegex("(?:^|\\s)\\./([\\w./-]+)")]
    private static partial Regex Scripts();

    [GeneratedRegex("add package (RealtimeKit[\\w.]*)")]
    private static partial Regex Packages();
}
