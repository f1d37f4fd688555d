using System.Buffers.Binary;
using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>The picture in the README, taken of the QuickStart: REALTIMEKIT_README_PICTURE=1 writes it anew.</summary>
public sealed class ReadmePictureTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    private const int Width = 1_120;
    private const int Height = 700;

    private static readonly string Picture = Path.Combine(SampleProgram.Repository, "docs", "images", "quickstart.png");

    [Fact]
    public async Task The_README_shows_a_conversation_on_this_page()
    {
        await using var server = new QuickStartProcess();
        await server.InitializeAsync();
        var ann = await ChatPage.JoinAsync(chromium, server.Address, "ann", Width, Height, output);
        var ben = await ChatPage.JoinAsync(chromium, server.Address, "ben", Width, Height, output);
        var cleo = await ChatPage.JoinAsync(chromium, server.Address, "cleo", Width, Height, output);

        await SayAsync(ben, "Morning! The new release is on staging.", ann);
        await SayAsync(ann, "Did the migration go through?", ben);
        await AnswerAsync(ben, "Did the migration go through?", "Yes, in 40 seconds. I killed a node in between, nobody noticed 😄", ann);
        await ReactAsync(ann, "nobody noticed", "😂", ben);
        await ReactAsync(cleo, "nobody noticed", "😂", ben);
        await ReactAsync(cleo, "nobody noticed", "🎉", ben);
        await SayAsync(cleo, "Nothing lost, nothing twice. I checked.", ann);
        await ReactAsync(ben, "Nothing lost", "👍", ann);
        await SayAsync(ann, "Then let's ship it 🚀", ben);
        await cleo.Page.GetByTestId("composer").PressSequentiallyAsync("On i");
        await Assertions.Expect(ann.Page.GetByTestId("typing")).ToContainTextAsync("cleo");
        // The pointer elsewhere, so that no message shows its buttons.
        await ann.Page.Mouse.MoveAsync(Width - 1, 1);

        var taken = await ann.Page.ScreenshotAsync();
        if (Environment.GetEnvironmentVariable("REALTIMEKIT_README_PICTURE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Picture)!);
            await File.WriteAllBytesAsync(Picture, taken, TestContext.Current.CancellationToken);
        }

        Size(await File.ReadAllBytesAsync(Picture, TestContext.Current.CancellationToken)).Should().Be((Width, Height)).And.Be(Size(taken));
        (await File.ReadAllTextAsync(Path.Combine(SampleProgram.Repository, "README.md"), TestContext.Current.CancellationToken))
            .Should().Contain("(docs/images/quickstart.png)");
    }

    private static async Task SayAsync(ChatPage page, string text, ChatPage reader)
    {
        await page.SendAsync(text);
        await reader.ShowsAsync(text);
    }

    private static async Task AnswerAsync(ChatPage page, string to, string text, ChatPage reader)
    {
        await Message(page, to).HoverAsync();
        await Message(page, to).GetByTestId("reply").ClickAsync();
        await SayAsync(page, text, reader);
    }

    private static async Task ReactAsync(ChatPage page, string to, string reaction, ChatPage reader)
    {
        await Message(page, to).HoverAsync();
        await Message(page, to).GetByTitle($"React with {reaction}").ClickAsync();
        await Assertions.Expect(Message(reader, to).Locator($"[data-testid=reaction][data-reaction='{reaction}'][title*='{page.Name}']")).ToHaveCountAsync(1);
    }

    private static ILocator Message(ChatPage page, string text) =>
        page.Page.GetByTestId("message").Filter(new() { Has = page.Page.GetByTestId("text").Filter(new() { HasText = text }) });

    // Of a PNG: its first chunk begins with both, behind a signature of eight bytes, a length and a name.
    private static (int Width, int Height) Size(byte[] png) =>
        (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
}
