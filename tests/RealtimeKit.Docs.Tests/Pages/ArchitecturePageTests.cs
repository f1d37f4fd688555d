using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>docs/architecture.md walks through files that there are.</summary>
public sealed partial class ArchitecturePageTests
{
    [Fact]
    public void Every_file_that_is_named_exists_under_that_name()
    {
        var files = Files().Matches(Repository.Read("docs/architecture.md")).Select(match => (Name: match.Groups[1].Value, Path: match.Groups[2].Value)).ToList();
        files.Should().HaveCountGreaterThan(40);
        files.Where(file => Path.GetFileName(file.Path) != file.Name || !File.Exists(Path.Combine(Repository.Root, "docs", file.Path))).Should().BeEmpty();
    }

    [Fact]
    public void Every_package_has_its_place()
    {
        var page = Repository.Read("docs/architecture.md");
        foreach (var project in Directory.GetFiles(Repository.Full("src"), "*.csproj", SearchOption.AllDirectories))
            page.Should().Contain($"[{Path.GetFileNameWithoutExtension(project)}");
    }

    [GeneratedRegex("\\[([\\w.]+\\.(?:cs|js))\\]\\(([^)]+)\\)")]
    private static partial Regex Files();
}
