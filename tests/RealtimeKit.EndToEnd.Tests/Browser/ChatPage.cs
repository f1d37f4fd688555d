using Microsoft.Playwright;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>The samples' page in a window of its own, as a person uses it.</summary>
internal sealed class ChatPage(string name, IPage page)
{
    /// <summary>Where screenshots go.</summary>
    public static string Pictures { get; } =
        Environment.GetEnvironmentVariable("REALTIMEKIT_SCREENSHOTS") ?? Path.Combine(Path.GetTempPath(), "realtimekit-screenshots");

    public string Name => name;

    public IPage Page => page;

    /// <summary>Opens the page and signs in.</summary>
    public static async Task<ChatPage> JoinAsync(Chromium chromium, Uri address, string name, int width, int height, ITestOutputHelper output)
    {
        var page = await chromium.OpenAsync(address, width, height);
        page.Console += (_, message) => output.WriteLine($"{name}: {message.Type} {message.Text}");
        await page.GetByTestId("name").FillAsync(name);
        await page.GetByTestId("join").ClickAsync();
        var joined = new ChatPage(name, page);
        await joined.IsConnectedAsync();
        return joined;
    }

    public Task IsConnectedAsync() => Assertions.Expect(page.GetByTestId("state")).ToHaveAttributeAsync("data-state", "connected");

    public async Task SendAsync(string text)
    {
        await page.GetByTestId("composer").FillAsync(text);
        await page.GetByTestId("send").ClickAsync();
    }

    public Task ShowsAsync(string text) =>
        Assertions.Expect(page.Locator("[data-testid=message][data-state=stored] [data-testid=text]").GetByText(text, new() { Exact = true })).ToHaveCountAsync(1);

    /// <summary>It comes to show exactly these messages, stored, in this order.</summary>
    public Task ShowsAsync(IReadOnlyList<string> texts) =>
        Assertions.Expect(page.Locator("[data-testid=message][data-state=stored] [data-testid=text]")).ToHaveTextAsync(texts);

    /// <summary>The node that serves it.</summary>
    public async Task<string> NodeAsync()
    {
        await IsConnectedAsync();
        return await page.GetByTestId("state").GetAttributeAsync("data-node") ?? "";
    }

    public Task PictureAsync(string picture) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{picture}.png") });
}
