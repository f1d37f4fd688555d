using FluentAssertions;
using Microsoft.Playwright;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>The samples' page in a window of its own, as a person uses it.</summary>
internal sealed class ChatPage(string name, IPage page) : IAsyncDisposable
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

    /// <summary>The message that has this text.</summary>
    public ILocator Message(string text) =>
        page.GetByTestId("message").Filter(new() { Has = page.GetByTestId("text").Filter(new() { HasText = text }) });

    /// <summary>Chooses what a message's menu offers.</summary>
    public async Task OfMessageAsync(string text, string entry)
    {
        await Message(text).HoverAsync();
        await Message(text).GetByTestId("more").ClickAsync();
        await page.GetByTestId(entry).ClickAsync();
    }

    /// <summary>Chooses what the open channel's menu offers.</summary>
    public async Task OfChannelAsync(string entry)
    {
        await page.GetByTestId("channel-menu").ClickAsync();
        await page.GetByTestId(entry).ClickAsync();
    }

    /// <summary>Opens the card of a member of the open channel, and chooses what it offers.</summary>
    public async Task OfMemberAsync(string user, string entry)
    {
        await OfChannelAsync("members");
        await page.GetByTestId($"member-{user}").ClickAsync();
        await page.GetByTestId("card").GetByTestId(entry).ClickAsync();
    }

    /// <summary>Makes a public channel, and opens it thereby.</summary>
    public async Task CreateChannelAsync(string channel, string topic = "")
    {
        await page.GetByTestId("new").ClickAsync();
        await page.GetByTestId("new-channel").ClickAsync();
        await SubmitAsync(("name", channel), ("topic", topic));
        await Assertions.Expect(page.GetByTestId("title")).ToHaveTextAsync($"#{channel}");
    }

    /// <summary>Finds a public channel in the directory and opens it.</summary>
    public async Task FindChannelAsync(string channel)
    {
        await page.GetByTestId("new").ClickAsync();
        await page.GetByTestId("browse").ClickAsync();
        await page.GetByTestId($"directory-{channel}").ClickAsync();
        await Assertions.Expect(page.GetByTestId("title")).ToHaveTextAsync($"#{channel}");
        await page.GetByTestId("close-panel").ClickAsync();
    }

    public Task OpenChannelAsync(string channel) => page.GetByTestId($"channel-{channel}").ClickAsync();

    /// <summary>Fills in the dialog that is open, and waits until it was taken.</summary>
    public async Task SubmitAsync(params IEnumerable<(string Field, string Value)> fields)
    {
        foreach (var (field, value) in fields) await page.Locator($"dialog [name={field}]").FillAsync(value);
        await page.GetByTestId("dialog-submit").ClickAsync();
        await Assertions.Expect(page.GetByTestId("dialog")).ToHaveCountAsync(0);
    }

    /// <summary>Attaches a file to the message that is being written, and waits until it is uploaded.</summary>
    public async Task AttachAsync(string file, string type, byte[] content)
    {
        await page.GetByTestId("file-input").SetInputFilesAsync(new FilePayload { Name = file, MimeType = type, Buffer = content });
        await Assertions.Expect(page.GetByTestId("attached").Filter(new() { HasText = file })).ToHaveCountAsync(1);
        await Assertions.Expect(page.GetByTestId("send")).ToBeEnabledAsync();
    }

    /// <summary>It comes to show as many pictures, and all of them have come, as wide as they are.</summary>
    public async Task ShowsPicturesAsync(int count, int width)
    {
        var pictures = page.GetByTestId("picture").Locator("img");
        await Assertions.Expect(pictures).ToHaveCountAsync(count);
        for (var index = 0; index < count; index++)
        {
            var came = await pictures.Nth(index).EvaluateAsync<int>("async picture => { picture.loading = 'eager'; await picture.decode(); return picture.naturalWidth; }");
            came.Should().Be(width);
        }
    }

    /// <summary>The node that serves it.</summary>
    public async Task<string> NodeAsync()
    {
        await IsConnectedAsync();
        return await page.GetByTestId("state").GetAttributeAsync("data-node") ?? "";
    }

    /// <summary>Closes the window. A page that loses its server writes to its console: close it first.</summary>
    public async ValueTask DisposeAsync() => await page.Context.CloseAsync();

    public Task PictureAsync(string picture) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, $"{picture}.png") });
}
