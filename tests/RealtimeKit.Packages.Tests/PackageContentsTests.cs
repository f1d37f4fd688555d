using System.Text;
using System.Xml.Linq;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>What a package shows and holds.</summary>
public sealed class PackageContentsTests(PackedPackages packages)
{
    public static TheoryData<string> Packages => [.. Repository.Packages];

    [Fact]
    public void Every_project_under_src_makes_a_package_and_its_symbols() =>
        Directory.GetFiles(packages.Folder).Select(Path.GetFileName).Should().BeEquivalentTo(
        [
            .. Repository.Packages.Select(name => $"{name}.{PackedPackages.Version}.nupkg"),
            .. Repository.Packages.Select(name => $"{name}.{PackedPackages.Version}.snupkg"),
            $"realtimekit-client-{PackedPackages.Version}.tgz",
        ]);

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_says_what_it_is_whose_it_is_and_under_which_licence(string name)
    {
        using var package = Open(name);
        package.Value("id").Should().Be(name);
        package.Value("version").Should().Be(PackedPackages.Version);
        package.Value("authors").Should().Be("RealtimeKit contributors");
        package.Value("description").Should().NotBeNullOrWhiteSpace();
        package.Value("tags").Should().Contain("chat");
        package.Value("license").Should().Be("MIT");
        package.Element("license")!.Attribute("type")!.Value.Should().Be("expression");
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_has_its_own_readme_and_the_icon(string name)
    {
        using var package = Open(name);
        var readme = Encoding.UTF8.GetString(package.Read(package.Value("readme")!));
        readme.Should().StartWith($"# {name}\n").And.Contain("```");
        package.Read(package.Value("icon")!).Take(4).Should().Equal(0x89, (byte)'P', (byte)'N', (byte)'G');
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_has_one_assembly_and_its_documentation(string name)
    {
        using var package = Open(name);
        package.Files.Where(file => file.StartsWith("lib/", StringComparison.Ordinal)).Should().BeEquivalentTo($"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml");
        var documentation = XDocument.Load(new MemoryStream(package.Read($"lib/net10.0/{name}.xml")));
        documentation.Descendants("member").Should().NotBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_depends_on_the_others_in_its_own_version_and_on_no_tool_of_its_build(string name)
    {
        using var package = Open(name);
        package.Dependencies.Where(other => Repository.Packages.Contains(other.Key) && other.Value != PackedPackages.Version).Should().BeEmpty();
        package.Dependencies.Keys.Should().NotContain(key => key == "MinVer" || key.EndsWith("Analyzers", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_tells_the_commit_and_leads_a_debugger_to_its_sources(string name)
    {
        using var package = Open(name);
        var repository = package.Element("repository")!;
        repository.Attribute("type")?.Value.Should().Be("git");
        repository.Attribute("url")?.Value.Should().Be(Repository.Address);
        repository.Attribute("commit")?.Value.Should().Be(packages.Commit);
        package.SymbolsBelong().Should().BeTrue();
        package.SourceLink().Should().Contain(packages.Commit);
        package.Sources().Should().NotBeEmpty().And.OnlyContain(source =>
            source.Embedded || (source.Path.StartsWith("/_/", StringComparison.Ordinal) && File.Exists(Path.Combine(Repository.Folder, source.Path.Substring(3)))));
    }

    private NuGetPackage Open(string name) => new(packages.Folder, name, PackedPackages.Version);
}
