using System.Net;
using FluentAssertions;
using RealtimeKit.Client;
using RealtimeKit.Docs.Snippets;
using Xunit;

namespace RealtimeKit.Docs.Pages;

/// <summary>The application of docs/getting-started.md, made of the page's own files, runs and keeps what was acknowledged.</summary>
public sealed class GettingStartedTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] OfEveryWebApplication = ["var builder = WebApplication.CreateBuilder(args);", "var app = builder.Build();", "app.Run();"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realtimekit-docs-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void It_adds_fewer_than_ten_lines_to_an_empty_web_application()
    {
        var lines = File("Program.cs").Split('\n').Where(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal)).ToList();
        lines.Should().Contain(OfEveryWebApplication);
        lines.Except(OfEveryWebApplication).Should().HaveCountLessThan(10);
    }

    [Fact]
    public async Task Two_people_chat_and_a_killed_server_has_forgotten_nothing()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "wwwroot"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(_folder.FullName, "wwwroot", "index.html"), File("wwwroot/index.html"), Cancel);
        using var program = new SnippetProgram(File("Program.cs"), _folder.FullName, output);
        var server = await program.StartAsync(Cancel);
        using var http = new HttpClient { BaseAddress = server };
        (await http.GetStringAsync("/", Cancel)).Should().Contain("new RealtimeClient('/realtime')");
        (await http.GetStringAsync("/realtime/client.js", Cancel)).Should().Contain("export class RealtimeClient");

        await using (var ann = await JoinAsync(http, "ann"))
        await using (var bob = await JoinAsync(http, "bob"))
        {
            await bob.Channel("lobby").SubscribeAsync(cancellationToken: Cancel);
            await ann.Channel("lobby").SendAsync("Hello", Cancel);
            (await FirstAsync(bob)).Should().Be("ann: Hello");
        }

        await program.KillAsync();
        using var again = new HttpClient { BaseAddress = await program.StartAsync(Cancel) };
        await using var eve = await JoinAsync(again, "eve");
        await eve.Channel("lobby").SubscribeAsync(SubscribeOptions.Recent(50), Cancel);
        (await FirstAsync(eve)).Should().Be("ann: Hello");
    }

    private static async Task<RealtimeClient> JoinAsync(HttpClient http, string name)
    {
        using var response = await http.PostAsync(new Uri($"/login?name={name}", UriKind.Relative), null, Cancel);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        var cookie = response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        var client = new RealtimeClient(new Uri(http.BaseAddress!, "/realtime"), new RealtimeClientOptions
        {
            ConfigureWebSocket = socket => socket.SetRequestHeader("Cookie", cookie),
        });
        await client.ConnectAsync(Cancel);
        return client;
    }

    private static async Task<string> FirstAsync(RealtimeClient client)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        await foreach (var update in client.Channel("lobby").ReadAsync(deadline.Token))
            if (update is MessagePosted { Message: var message }) return $"{message.Sender}: {message.Text}";
        throw new InvalidOperationException("The subscription ended.");
    }

    private static string File(string name) => Fence.All.Single(fence => fence.Page == "docs/getting-started.md" && fence.File == name).Code;
}
