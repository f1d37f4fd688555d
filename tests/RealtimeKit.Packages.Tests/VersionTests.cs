using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>What version comes out of a clone, whatever it knows of the tags.</summary>
public sealed class VersionTests(PackedPackages packages)
{
    [Fact]
    public async Task Without_a_tag_a_history_or_a_repository_it_builds_as_an_early_version()
    {
        var folder = Path.Combine(packages.Root, "versions");
        // No tag, and of the history the last commit alone.
        await Repository.CopyAsync(folder, "--depth", "1", "--no-tags");
        (await BuildAsync(folder)).Should().Be("0.1.0-alpha.0");

        await Repository.GitAsync(folder, "tag", "v1.2.3");
        (await BuildAsync(folder)).Should().Be("1.2.3");

        Directory.Delete(Path.Combine(folder, ".git"), recursive: true);
        (await BuildAsync(folder)).Should().Be("0.1.0-alpha.0");
    }

    [Fact]
    public async Task A_tag_that_is_no_version_stops_a_release()
    {
        var folder = Path.Combine(packages.Root, "mistagged");
        await Repository.CopyAsync(folder);
        await Repository.GitAsync(folder, "tag", "v9.9");
        var (code, output) = await Command.TryAsync(folder, Path.Combine(folder, ".ci/pack"), [Path.Combine(folder, "packages"), "9.9"]);
        code.Should().NotBe(0);
        output.Should().Contain("not as 9.9");
    }

    // A warning, that there is no repository, may follow.
    private static async Task<string> BuildAsync(string folder) => (await Command.RunAsync(
        folder, "dotnet", "build", "src/RealtimeKit.Protocol", "--nologo", "-t:Build", "-getProperty:PackageVersion")).Split('\n')[0].Trim();
}
