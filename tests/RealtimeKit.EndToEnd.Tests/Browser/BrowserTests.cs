using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>Two people chat in two windows while the server is killed and started again.</summary>
public sealed class BrowserTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    private static readonly string Pictures =
        Environment.GetEnvironmentVariable("REALTIMEKIT_SCREENSHOTS") ?? Path.Combine(Path.GetTempPath(), "realtimekit-screenshots");

    [Fact]
    public async Task Two_windows_show_every_message_once_though_the_server_is_killed_in_between()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        var ann = await JoinAsync(server, "ann", 1280, 800);
        var bob = await JoinAsync(server, "bob", 390, 844);

        await SendAsync(ann, "Hello, <b>Bob</b> & all");
        await SendAsync(bob, "Hi Ann 👋");
        await ShowsAsync(ann, "Hi Ann 👋");
        await ShowsAsync(bob, "Hello, <b>Bob</b> & all");
        (await bob.Locator("[data-testid=text] b").CountAsync()).Should().Be(0, "text is text, never HTML");
        await PictureAsync(ann, "desktop");
        await PictureAsync(bob, "phone");

        await server.KillAsync();
        await SendAsync(ann, "Are you still there?");
        await SendAsync(ann, "Sent while the server was gone");
        await Assertions.Expect(ann.GetByTestId("state")).Not.ToHaveAttributeAsync("data-state", "connected");
        await Assertions.Expect(ann.Locator("[data-testid=message][data-state=pending]")).ToHaveCountAsync(2);
        await PictureAsync(ann, "desktop-offline");
        await server.StartAsync();

        foreach (var page in new[] { ann, bob })
        {
            await Assertions.Expect(page.GetByTestId("state")).ToHaveAttributeAsync("data-state", "connected");
            await ShowsAsync(page, "Sent while the server was gone");
        }

        await SendAsync(bob, "Still here");
        await ShowsAsync(ann, "Still here");
        string[] all = ["Hello, <b>Bob</b> & all", "Hi Ann 👋", "Are you still there?", "Sent while the server was gone", "Still here"];
        foreach (var page in new[] { ann, bob })
        {
            await Assertions.Expect(page.Locator("[data-testid=message][data-state=pending]")).ToHaveCountAsync(0);
            (await page.Locator("[data-testid=message] [data-testid=text]").AllInnerTextsAsync()).Should().Equal(all);
        }

        await PictureAsync(ann, "desktop-after");
        await PictureAsync(bob, "phone-after");
        output.WriteLine($"pictures in {Pictures}");
    }

    private async Task<IPage> JoinAsync(QuickStartProcess server, string name, int width, int height)
    {
        var page = await chromium.OpenAsync(server.Address, width, height);
        page.Console += (_, message) => output.WriteLine($"{name}: {message.Type} {message.Text}");
        await page.GetByTestId("name").FillAsync(name);
        await page.GetByTestId("join").ClickAsync();
        await Assertions.Expect(page.GetByTestId("state")).ToHaveAttributeAsync("data-state", "connected");
        return page;
    }

    private static async Task SendAsync(IPage page, string text)
    {
        await page.GetByTestId("composer").FillAsync(text);
        await page.GetByTestId("send").ClickAsync();
    }

    private static Task ShowsAsync(IPage page, string text) =>
        Assertions.Expect(page.Locator("[data-testid=message][data-state=stored] [data-testid=text]").GetByText(text, new() { Exact = true })).ToHaveCountAsync(1);

    private static Task PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{name}.png") });
}
