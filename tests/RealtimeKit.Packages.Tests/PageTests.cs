using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Browser;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>A page made with Vite and strict TypeScript from the packed npm package.</summary>
[Collection(nameof(BuiltAppsCollection))]
public sealed class PageTests(PackedPackages packages, BuiltApps apps, Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Two_pages_hold_a_conversation()
    {
        var folder = Path.Combine(packages.CopyApps("page", "Page"), "Page");
        await Command.RunAsync(folder, "npm", "ci", "--silent", "--no-audit", "--no-fund");
        var package = Path.Combine(packages.Folder, $"realtimekit-client-{PackedPackages.Version}.tgz");
        await Command.RunAsync(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", package);
        await Command.RunAsync(folder, "npm", "run", "--silent", "build");

        await using var server = await AppServer.CreateAsync(apps.Server, Path.Combine(folder, "dist"));
        var ann = await JoinAsync(server, "ann");
        var bob = await JoinAsync(server, "bob");
        await SayAsync(ann, "Hello");
        await ShowsAsync(bob, "ann: Hello");
        await SayAsync(bob, "Hi Ann");
        await ShowsAsync(ann, "ann: Hello", "bob: Hi Ann");
        await ShowsAsync(bob, "ann: Hello", "bob: Hi Ann");
    }

    [Fact]
    public async Task The_client_that_the_server_serves_is_that_of_npm_and_says_the_version_of_its_package()
    {
        await using var server = await AppServer.CreateAsync(apps.Server);
        using var http = new HttpClient();
        var client = await http.GetStringAsync(new Uri(server.Address, "/realtime/client.js"));
        Regex.Match(client, "const VERSION = '(.*?)'").Groups[1].Value.Should().Be("0.9.0");
        var modules = NpmPackage.Files(packages).Where(file => file.Key.StartsWith("package/client/", StringComparison.Ordinal)).ToList();
        modules.Should().NotBeEmpty();
        foreach (var (path, text) in modules)
            (await http.GetStringAsync(new Uri(server.Address, path.Replace("package", "/realtime", StringComparison.Ordinal)))).Should().Be(text);
    }

    private async Task<IPage> JoinAsync(AppServer server, string name)
    {
        var page = await chromium.OpenAsync(new Uri(server.Address, $"/?name={name}"), 800, 600);
        await Assertions.Expect(page.Locator("body[data-state=connected]")).ToBeAttachedAsync();
        return page;
    }

    private static async Task SayAsync(IPage page, string text)
    {
        await page.GetByLabel("Message").FillAsync(text);
        await page.GetByLabel("Message").PressAsync("Enter");
        await Assertions.Expect(page.Locator("body[data-stored]")).ToBeAttachedAsync();
    }

    private static Task ShowsAsync(IPage page, params IReadOnlyList<string> lines) =>
        Assertions.Expect(page.Locator("#messages li")).ToHaveTextAsync(lines);
}
