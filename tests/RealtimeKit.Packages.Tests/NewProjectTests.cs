using System.Text.Json;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>New projects that refer to the packages alone.</summary>
[Collection(nameof(BuiltAppsCollection))]
public sealed class NewProjectTests(PackedPackages packages, BuiltApps apps)
{
    [Fact]
    public void Projects_that_use_every_package_build_without_a_warning() =>
        apps.Output.Should().Contain("Build succeeded").And.Contain("0 Warning(s)");

    [Fact]
    public async Task What_they_use_came_out_of_the_feed()
    {
        foreach (var package in Repository.Packages)
        {
            var origin = Path.Combine(packages.Root, "packages", package.ToLowerInvariant(), PackedPackages.Version, ".nupkg.metadata");
            using var metadata = JsonDocument.Parse(await File.ReadAllTextAsync(origin));
            metadata.RootElement.GetProperty("source").GetString().Should().Be(packages.Folder);
        }
    }

    [Fact]
    public Task A_server_and_console_clients_hold_a_conversation() => Conversation.HoldAsync(apps.Server, apps.Console);
}
