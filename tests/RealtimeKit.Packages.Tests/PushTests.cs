using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace RealtimeKit.Packages.Tests;

/// <summary>How a release gets to the registries.</summary>
public sealed class PushTests(PackedPackages packages)
{
    private static readonly string Push = Path.Combine(Repository.Folder, ".ci/push");

    [Fact]
    public async Task Packages_go_to_the_registries_that_the_environment_names_and_what_is_there_already_is_left()
    {
        var feed = Directory.CreateDirectory(Path.Combine(packages.Root, "pushed")).FullName;
        await using var npm = await NpmRegistry.StartAsync();
        var settings = new Dictionary<string, string>
        {
            ["NUGET_SOURCE"] = feed, ["NUGET_API_KEY"] = "key", ["NPM_REGISTRY"] = npm.Address, ["NPM_TOKEN"] = "secret",
        };
        for (var time = 1; time <= 2; time++)
        {
            var (code, output) = await Command.TryAsync(packages.Root, Push, [packages.Folder], settings);
            code.Should().Be(0, "{0}", output);
            output.Should().NotContain("secret");
        }

        Directory.GetFiles(feed, "*.nupkg").Select(Path.GetFileName).Should().BeEquivalentTo(
            Repository.Packages.Select(name => $"{name}.{PackedPackages.Version}.nupkg"));
        npm.Published.Should().Equal(($"@realtimekit/client@{PackedPackages.Version}", "next", "Bearer secret"));
    }

    [Fact]
    public async Task Without_a_registry_or_without_a_package_it_says_what_is_missing()
    {
        var (code, output) = await Command.TryAsync(packages.Root, Push, [packages.Folder]);
        code.Should().NotBe(0);
        output.Should().Contain("NUGET_SOURCE");

        var empty = Directory.CreateDirectory(Path.Combine(packages.Root, "empty")).FullName;
        (code, output) = await Command.TryAsync(packages.Root, Push, [empty], new Dictionary<string, string> { ["NUGET_SOURCE"] = empty });
        code.Should().NotBe(0);
        output.Should().Contain("no package");
    }

    /// <summary>As much of an npm registry as a push speaks to.</summary>
    private sealed class NpmRegistry(WebApplication app) : IAsyncDisposable
    {
        public List<(string Package, string Tag, string Authorization)> Published { get; } = [];

        public string Address => app.Urls.Single();

        public static async Task<NpmRegistry> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var registry = new NpmRegistry(builder.Build());
            await registry.RunAsync();
            return registry;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private Task RunAsync()
        {
            app.Run(context => context.Request.Method == "PUT" ? TakeAsync(context) : TellAsync(context));
            return app.StartAsync();
        }

        private async Task TakeAsync(HttpContext context)
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body);
            var tag = document.RootElement.GetProperty("dist-tags").EnumerateObject().Single();
            var name = document.RootElement.GetProperty("name").GetString();
            Published.Add(($"{name}@{tag.Value.GetString()}", tag.Name, context.Request.Headers.Authorization.ToString()));
            context.Response.StatusCode = 201;
            await context.Response.WriteAsync("{}");
        }

        private Task TellAsync(HttpContext context)
        {
            context.Response.StatusCode = Published.Count == 0 ? 404 : 200;
            var version = PackedPackages.Version;
            return context.Response.WriteAsJsonAsync<object>(Published.Count == 0 ? new { error = "Not found" } : new
            {
                name = "@realtimekit/client",
                versions = new Dictionary<string, object> { [version] = new { name = "@realtimekit/client", version } },
                distTags = new { next = version },
            });
        }
    }
}
