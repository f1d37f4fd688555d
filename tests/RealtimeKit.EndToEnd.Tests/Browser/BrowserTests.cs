using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>Two people chat in two windows while the server is killed and started again.</summary>
public sealed class BrowserTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Two_windows_show_every_message_once_though_the_server_is_killed_in_between()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        await using var ann = await ChatPage.JoinAsync(chromium, server.Address, "ann", 1280, 800, output);
        await using var bob = await ChatPage.JoinAsync(chromium, server.Address, "bob", 390, 844, output);

        await ann.SendAsync("Hello, <b>Bob</b> & all");
        await bob.SendAsync("Hi Ann 👋");
        await ann.ShowsAsync("Hi Ann 👋");
        await bob.ShowsAsync("Hello, <b>Bob</b> & all");
        (await bob.Page.Locator("[data-testid=text] b").CountAsync()).Should().Be(0, "text is text, never HTML");
        await ann.PictureAsync("desktop");
        await bob.PictureAsync("phone");

        await server.KillAsync();
        await ann.SendAsync("Are you still there?");
        await ann.SendAsync("Sent while the server was gone");
        await Assertions.Expect(ann.Page.GetByTestId("state")).Not.ToHaveAttributeAsync("data-state", "connected");
        await Assertions.Expect(ann.Page.Locator("[data-testid=message][data-state=pending]")).ToHaveCountAsync(2);
        await ann.PictureAsync("desktop-offline");
        await server.StartAsync();

        foreach (var page in new[] { ann, bob })
        {
            await page.IsConnectedAsync();
            await page.ShowsAsync("Sent while the server was gone");
        }

        await bob.SendAsync("Still here");
        await ann.ShowsAsync("Still here");
        string[] all = ["Hello, <b>Bob</b> & all", "Hi Ann 👋", "Are you still there?", "Sent while the server was gone", "Still here"];
        foreach (var page in new[] { ann, bob })
        {
            await Assertions.Expect(page.Page.Locator("[data-testid=message][data-state=pending]")).ToHaveCountAsync(0);
            (await page.Page.Locator("[data-testid=message] [data-testid=text]").AllInnerTextsAsync()).Should().Equal(all);
        }

        await ann.PictureAsync("desktop-after");
        await bob.PictureAsync("phone-after");
        output.WriteLine($"pictures in {ChatPage.Pictures}");
    }
}
