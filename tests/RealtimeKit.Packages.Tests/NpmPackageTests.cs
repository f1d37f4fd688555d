using System.Text.Json;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>What the npm package holds.</summary>
public sealed class NpmPackageTests(PackedPackages packages)
{
    private static readonly string[] Parts = ["channel", "connection", "emitter", "errors", "files", "inbox", "messages", "outbox", "requests", "subscription", "users"];

    [Fact]
    public void It_has_the_modules_their_types_readme_and_licence_and_nothing_else()
    {
        string[] modules = ["client", .. Parts.Select(part => $"client/{part}")];
        NpmPackage.Files(packages).Keys.Should().BeEquivalentTo([
            "package/package.json", "package/README.md", "package/LICENSE",
            .. modules.SelectMany(module => new[] { $"package/{module}.js", $"package/types/{module}.d.ts" })]);
    }

    [Fact]
    public void An_application_can_import_the_entry_alone()
    {
        using var description = JsonDocument.Parse(NpmPackage.Files(packages)["package/package.json"]);
        description.RootElement.GetProperty("exports").EnumerateObject().Select(export => export.Name).Should().Equal(".");
        var module = description.RootElement.GetProperty("exports").GetProperty(".");
        module.GetProperty("default").GetString().Should().Be("./client.js");
        module.GetProperty("types").GetString().Should().Be("./types/client.d.ts");
    }

    [Fact]
    public void It_has_the_version_of_the_others_and_says_so_to_a_server()
    {
        var files = NpmPackage.Files(packages);
        using var description = JsonDocument.Parse(files["package/package.json"]);
        description.RootElement.GetProperty("name").GetString().Should().Be("@realtimekit/client");
        description.RootElement.GetProperty("version").GetString().Should().Be(PackedPackages.Version);
        description.RootElement.GetProperty("license").GetString().Should().Be("MIT");
        description.RootElement.TryGetProperty("dependencies", out _).Should().BeFalse();
        files["package/client.js"].Should().Contain($"const VERSION = '{PackedPackages.Version}';");
    }
}
