using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.WebSockets;
using Xunit;

namespace RealtimeKit.Tests.Transports;

/// <summary>The browser client as a server serves it: the entry and every module that it imports, and nothing else.</summary>
public sealed partial class BrowserClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_module_that_is_imported_is_served_as_a_script_that_is_asked_for_anew_each_time()
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var http = Http(host);
        var modules = await ModulesAsync(http);
        modules.Keys.Should().HaveCountGreaterThan(1).And.BeEquivalentTo(Packed());
        var tags = new HashSet<EntityTagHeaderValue>();
        foreach (var path in modules.Keys)
        {
            using var response = await http.GetAsync(path, Cancel);
            response.Content.Headers.ContentType!.ToString().Should().Be("text/javascript; charset=utf-8");
            response.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
            response.Headers.CacheControl!.ToString().Should().Be("no-cache");
            tags.Add(response.Headers.ETag!).Should().BeTrue("each has a tag of its own");
        }
    }

    [Fact]
    public async Task The_entry_names_every_module_so_that_a_browser_asks_for_all_at_once()
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var http = Http(host);
        var modules = await ModulesAsync(http);
        Imports(modules["client.js"]).Should().BeEquivalentTo(modules.Keys.Where(path => path != "client.js").Select(path => $"./{path}"));
    }

    [Fact]
    public async Task What_a_browser_holds_unchanged_costs_no_body()
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var http = Http(host);
        foreach (var path in Packed())
        {
            using var first = await http.GetAsync(path, Cancel);
            // A proxy that compresses makes it a weak one.
            foreach (var tag in new[] { first.Headers.ETag!, new EntityTagHeaderValue(first.Headers.ETag!.Tag, isWeak: true) })
                (await GetAsync(http, path, tag)).Should().Be((HttpStatusCode.NotModified, first.Headers.ETag, 0));
            var (status, _, length) = await GetAsync(http, path, new EntityTagHeaderValue("\"another\""));
            (status, length).Should().Be((HttpStatusCode.OK, (int)first.Content.Headers.ContentLength!));
        }
    }

    [Fact]
    public async Task Head_tells_what_get_would_without_the_body()
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var http = Http(host);
        foreach (var path in Packed())
        {
            using var got = await http.GetAsync(path, Cancel);
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var head = await http.SendAsync(request, Cancel);
            head.StatusCode.Should().Be(HttpStatusCode.OK);
            head.Headers.ETag.Should().Be(got.Headers.ETag);
            head.Content.Headers.ContentType.Should().Be(got.Content.Headers.ContentType);
            head.Content.Headers.ContentLength.Should().Be(got.Content.Headers.ContentLength).And.BePositive();
            (await head.Content.ReadAsByteArrayAsync(Cancel)).Should().BeEmpty();
        }
    }

    [Theory]
    [InlineData("client")]
    [InlineData("client/")]
    [InlineData("client/nothing.js")]
    [InlineData("client/client.js")]
    [InlineData("client/connection")]
    [InlineData("client/%2e%2e/package.json")]
    [InlineData("client/..%2fpackage.json")]
    [InlineData("connection.js")]
    [InlineData("package.json")]
    public async Task Nothing_else_is_there(string path)
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore());
        using var http = Http(host);
        using var response = await http.GetAsync(path, Cancel);
        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_the_host_demands_of_the_endpoint_concerns_the_socket_alone()
    {
        await using var host = await WebHost.StartAsync(
            builder => builder.UseInMemoryStore().Services.AddAuthorization().AddAuthentication().AddBearerToken(), endpoint => endpoint.RequireAuthorization());
        using var http = Http(host);
        (await StatusAsync(http, "/realtime")).Should().Be(HttpStatusCode.Unauthorized);
        foreach (var path in Packed()) (await StatusAsync(http, path)).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_the_host_demands_of_every_endpoint_concerns_every_module()
    {
        await using var host = await WebHost.StartAsync(builder => builder.UseInMemoryStore().Services
            .AddAuthorization(options => options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddAuthentication().AddBearerToken());
        using var http = Http(host);
        foreach (var path in Packed()) (await StatusAsync(http, path)).Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_host_may_serve_none_of_it()
    {
        await using var host = await WebHost.StartAsync(
            builder => builder.UseInMemoryStore().Services.Configure<WebSocketTransportOptions>(options => options.ServeClient = false));
        using var http = Http(host);
        foreach (var path in Packed()) (await StatusAsync(http, path)).Should().Be(HttpStatusCode.NotFound);
    }

    private static HttpClient Http(WebHost host) => new() { BaseAddress = new Uri(host.Address, "/realtime/") };

    // The entry and what it imports, and what that imports, as a browser finds them.
    private static async Task<Dictionary<string, string>> ModulesAsync(HttpClient http)
    {
        var modules = new Dictionary<string, string>();
        var next = new Queue<string>(["client.js"]);
        while (next.TryDequeue(out var path))
        {
            if (modules.ContainsKey(path)) continue;
            modules[path] = await http.GetStringAsync(path, Cancel);
            foreach (var import in Imports(modules[path]))
                next.Enqueue(http.BaseAddress!.MakeRelativeUri(new Uri(new Uri(http.BaseAddress, path), import)).ToString());
        }

        return modules;
    }

    private static HashSet<string> Imports(string module) => [.. Import().Matches(module).Select(match => match.Groups[1].Value)];

    // As they lie in the repository.
    private static IEnumerable<string> Packed()
    {
        var folder = Path.Combine(ArchitectureTests.Source, "realtimekit-js");
        return [.. Directory.GetFiles(folder, "client.js").Concat(Directory.GetFiles(Path.Combine(folder, "client")))
            .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))];
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(path, Cancel);
        return response.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, EntityTagHeaderValue? Tag, int Length)> GetAsync(HttpClient http, string path, EntityTagHeaderValue held)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.IfNoneMatch.Add(held);
        using var response = await http.SendAsync(request, Cancel);
        return (response.StatusCode, response.Headers.ETag, (await response.Content.ReadAsByteArrayAsync(Cancel)).Length);
    }

    [GeneratedRegex("^(?:import|export) (?:.* from )?'(.*)';$", RegexOptions.Multiline)]
    private static partial Regex Import();
}
