using System.Xml.Linq;
using FluentAssertions;
using Xunit;

namespace RealtimeKit.Tests;

/// <summary>Who may refer to whom: adapters know the core, the core knows no adapter, no adapter knows another.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["RealtimeKit.Protocol"] = [],
        ["RealtimeKit"] = ["RealtimeKit.Protocol"],
        ["RealtimeKit.Client"] = ["RealtimeKit.Protocol"],
        ["RealtimeKit.InMemory"] = ["RealtimeKit"],
        ["RealtimeKit.PostgreSql"] = ["RealtimeKit"],
        ["RealtimeKit.RabbitMQ"] = ["RealtimeKit"],
        ["RealtimeKit.Sqlite"] = ["RealtimeKit"],
        ["RealtimeKit.WebSockets"] = ["RealtimeKit"],
        // Files are served below the endpoint, to the same pages: it is a part of it.
        ["RealtimeKit.Files"] = ["RealtimeKit", "RealtimeKit.WebSockets"],
        ["RealtimeKit.Files.S3"] = ["RealtimeKit.Files"],
        ["RealtimeKit.Testing"] = ["RealtimeKit"],
    };

    internal static string Source { get; } = Path.Combine(Root(AppContext.BaseDirectory), "src");

    public static TheoryData<string> Projects => [.. Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_package_refers_to_what_its_place_allows(string project)
    {
        var references = XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Allowed.Should().ContainKey(Path.GetFileNameWithoutExtension(project));
        references.Should().BeSubsetOf(Allowed[Path.GetFileNameWithoutExtension(project)]);
    }

    [Fact]
    public void No_source_file_is_longer_than_four_hundred_lines() =>
        Directory.EnumerateFiles(Source, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".js")
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(["obj", "node_modules"]).Any())
            .Where(file => File.ReadLines(file).Count() > 400)
            .Should().BeEmpty();

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "RealtimeKit.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);
}
