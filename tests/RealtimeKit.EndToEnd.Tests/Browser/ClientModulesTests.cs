using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>How a browser loads the client.</summary>
public sealed class ClientModulesTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    private static readonly string[] Parts =
        [.. Directory.GetFiles(Path.Combine(SampleProgram.Repository, "src", "realtimekit-js", "client")).Select(file => $"/realtime/client/{Path.GetFileName(file)}")];

    [Fact]
    public async Task A_page_asks_for_all_modules_before_it_has_any_and_for_each_once()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        await using var ann = await ChatPage.JoinAsync(chromium, server.Address, "ann", 1_120, 700, output);

        var asked = new List<string>();
        var all = new TaskCompletionSource();
        // None is answered before all are asked for: a second wave of requests would never come.
        await ann.Page.RouteAsync("**/realtime/client/*.js", async route =>
        {
            lock (asked)
            {
                asked.Add(new Uri(route.Request.Url).AbsolutePath);
                if (asked.Count == Parts.Length) all.TrySetResult();
            }

            await all.Task;
            await route.ContinueAsync();
        });
        var types = new List<string>();
        ann.Page.Response += (_, response) =>
        {
            var path = new Uri(response.Url).AbsolutePath;
            if (path.StartsWith("/realtime/client", StringComparison.Ordinal)) types.Add($"{response.Status} {response.Headers["content-type"]}");
        };
        await ann.Page.ReloadAsync(new PageReloadOptions { WaitUntil = WaitUntilState.Commit });
        await all.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await ann.IsConnectedAsync();
        await ann.SendAsync("Loaded");
        await ann.ShowsAsync("Loaded");
        asked.Should().BeEquivalentTo(Parts);
        types.Should().HaveCount(Parts.Length + 1).And.OnlyContain(type => type == "200 text/javascript; charset=utf-8");
        await ann.PictureAsync("modules");
    }
}
