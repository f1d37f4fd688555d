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
        await using var ann = await ChatPage.JoinAsync(chromium, server.Address, "ann", Width, Height, output);
        await using var ben = await ChatPage.JoinAsync(chromium, server.Address, "ben", Width, Height, output);
        await using var cleo = await ChatPage.JoinAsync(chromium, server.Address, "cleo", Width, Height, output);
        await NameAsync(ann, "Ann Lindqvist");
        await NameAsync(ben, "Ben Ortiz");
        await NameAsync(cleo, "Cleo Park");

        await cleo.OpenChannelAsync("random");
        await cleo.SendAsync("Lunch at twelve? There is a new place around the corner");
        await ben.OpenChannelAsync("help");
        await ben.SendAsync("Solved, thank you!");
        await ann.CreateChannelAsync("release", "2.0 ships on Thursday");
        await ben.FindChannelAsync("release");
        await cleo.FindChannelAsync("release");

        await SayAsync(ben, "Morning! The new release is on staging.", ann);
        await ann.OfMessageAsync("The new release", "pin");
        await SayAsync(ann, "Did the migration go through?", ben);
        await AnswerAsync(ben, "Did the migration go through?", "Yes, in 40 seconds. I killed a node in between, nobody noticed 😄", ann);
        await ReactAsync(ann, "nobody noticed", "😂", ben);
        await ReactAsync(cleo, "nobody noticed", "😂", ben);
        await ReactAsync(cleo, "nobody noticed", "🎉", ben);
        await cleo.AttachAsync("latency.png", "image/png", await DrawAsync(cleo));
        await SayAsync(cleo, "Nothing lost, nothing twice. I checked.", ann);
        await ReactAsync(ben, "Nothing lost", "👍", ann);
        await SayAsync(ann, "Then let's ship it, @ben 🚀", ben);

        await ben.OpenChannelAsync("lobby");
        await ben.SendAsync("@ann The notes are ready for you");
        await cleo.Message("Then let's ship it").GetByTestId("sender").ClickAsync();
        await cleo.Page.GetByTestId("write").ClickAsync();
        await cleo.SendAsync("Cake on Thursday?");
        await Assertions.Expect(ann.Page.GetByText("Cake on Thursday?")).ToBeVisibleAsync();
        await Assertions.Expect(ann.Page.GetByTestId("unread-lobby")).ToContainTextAsync("@1");
        await cleo.OpenChannelAsync("release");
        await cleo.Page.GetByTestId("composer").PressSequentiallyAsync("On i");
        await Assertions.Expect(ann.Page.GetByTestId("typing")).ToContainTextAsync("Cleo");
        await Assertions.Expect(ann.Page.GetByTestId("presence")).ToContainTextAsync("3 here");
        await ann.ShowsPicturesAsync(1, 460);
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

    private static async Task NameAsync(ChatPage page, string name)
    {
        await page.Page.GetByTestId("me").ClickAsync();
        await page.SubmitAsync(("name", name));
        await Assertions.Expect(page.Page.GetByTestId("me")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex($"{name}$"));
    }

    // A picture to attach: a curve.
    private static async Task<byte[]> DrawAsync(ChatPage page) => Convert.FromBase64String(await page.Page.EvaluateAsync<string>(
        """
        () => {
          const canvas = Object.assign(document.createElement('canvas'), { width: 460, height: 130 });
          const pen = canvas.getContext('2d');
          pen.fillStyle = '#10312e';
          pen.fillRect(0, 0, 460, 130);
          pen.fillStyle = '#9fd6cd';
          pen.font = '13px sans-serif';
          pen.fillText('acknowledged within, ms', 16, 26);
          const at = x => 96 - 14 * Math.sin(x / 23) - 9 * Math.sin(x / 7) - (x > 250 && x < 300 ? 34 * Math.sin((x - 250) / 50 * Math.PI) : 0);
          for (let x = 16; x < 444; x += 9) {
            pen.fillStyle = x > 250 && x < 300 ? '#e0b15c' : '#5cc4b6';
            pen.fillRect(x, at(x) - 10, 6, 118 - at(x));
          }
          return canvas.toDataURL('image/png').split(',')[1];
        }
        """));

    private static async Task SayAsync(ChatPage page, string text, ChatPage reader)
    {
        await page.SendAsync(text);
        await reader.ShowsAsync(text);
    }

    private static async Task AnswerAsync(ChatPage page, string to, string text, ChatPage reader)
    {
        await page.Message(to).HoverAsync();
        await page.Message(to).GetByTestId("reply").ClickAsync();
        await SayAsync(page, text, reader);
    }

    private static async Task ReactAsync(ChatPage page, string to, string reaction, ChatPage reader)
    {
        await page.Message(to).HoverAsync();
        await page.Message(to).GetByTitle($"React with {reaction}").ClickAsync();
        await Assertions.Expect(reader.Message(to).Locator($"[data-testid=reaction][data-reaction='{reaction}'][title*='{page.Name}' i]")).ToHaveCountAsync(1);
    }

    // Of a PNG: its first chunk begins with both, behind a signature of eight bytes, a length and a name.
    private static (int Width, int Height) Size(byte[] png) =>
        (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
}
