using System.Text.Json;
using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Browser;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>The LiveUpdates sample with its crowd of a thousand, and its page.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LiveUpdatesTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_thousand_watchers_get_every_change_and_who_was_away_catches_up()
    {
        await using var server = new LiveUpdatesProcess();
        await server.InitializeAsync();
        var crowd = await server.UntilAsync(crowd => crowd.Number("watching") + crowd.Number("away") == 1_000);
        var delivered = crowd.Number("delivered");
        crowd = await server.UntilAsync(now => now.Number("delivered") > delivered + 10_000 && now.Number("returned") > 10 && now.Number("caughtUp") > 100);
        output.WriteLine(crowd.GetRawText());
        crowd.Number("missing").Should().Be(0);
        crowd.Number("watching").Should().BeGreaterThan(900);

        var page = await chromium.OpenAsync(server.Address, 1280, 800);
        await IsAsync(page, "connected");
        await Assertions.Expect(page.Locator("#orders li")).ToHaveCountAsync(12);
        await Assertions.Expect(page.Locator("#stock li")).ToHaveCountAsync(8);
        await Assertions.Expect(page.GetByTestId("crowd-missing")).ToHaveTextAsync("0");
        await PictureAsync(page, "live-desktop");

        await page.GetByTestId("away").ClickAsync();
        await IsAsync(page, "closed");
        await server.PassAsync(page);
        await page.GetByTestId("away").ClickAsync();
        await IsAsync(page, "connected");
        var note = page.GetByTestId("note");
        await Assertions.Expect(note).ToHaveAttributeAsync("data-missing", "0");
        int.Parse((await note.GetAttributeAsync("data-came"))!, System.Globalization.CultureInfo.InvariantCulture).Should().BePositive();
        output.WriteLine(await note.InnerTextAsync());
        await page.SetViewportSizeAsync(390, 844);
        await PictureAsync(page, "live-phone");
    }

    [Fact]
    public async Task A_page_goes_on_where_it_was_when_the_server_was_killed_and_the_shop_remembers_its_stock()
    {
        await using var server = new LiveUpdatesProcess(watchers: 10);
        await server.InitializeAsync();
        await server.UntilAsync(crowd => crowd.Number("delivered") > 200);
        var page = await chromium.OpenAsync(server.Address, 390, 844);
        await IsAsync(page, "connected");
        var before = await NewestAsync(page);
        await server.KillAsync();
        await Assertions.Expect(page.GetByTestId("state")).Not.ToHaveAttributeAsync("data-state", "connected");
        await server.StartAsync();
        await IsAsync(page, "connected");
        await page.WaitForFunctionAsync("before => Math.max(...[...document.querySelectorAll('#orders .number')].map(n => +n.textContent)) > before", before);
        (await page.Locator("#stock li").CountAsync()).Should().Be(8);
    }

    private static Task IsAsync(IPage page, string state) =>
        Assertions.Expect(page.GetByTestId("state")).ToHaveAttributeAsync("data-state", state);

    private static async Task<int> NewestAsync(IPage page)
    {
        await Assertions.Expect(page.Locator("#orders .number").First).ToBeVisibleAsync();
        return (await page.Locator("#orders .number").AllInnerTextsAsync()).Max(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture));
    }

    private static Task PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(ChatPage.Pictures, $"{name}.png"), FullPage = true });

    private sealed class LiveUpdatesProcess(int watchers = 1_000) : SampleProcess("LiveUpdates")
    {
        protected override IEnumerable<(string Name, string Value)> Settings =>
        [
            ("ConnectionStrings__Live", $"Data Source={Path.Combine(Folder, "live.db")}"),
            ("Watchers", watchers.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("ChangesPerSecond", "10"),
        ];

        public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> holds)
        {
            using var deadline = new CancellationTokenSource(Patience);
            while (true)
            {
                var crowd = await CrowdAsync();
                if (holds(crowd)) return crowd;
                if (deadline.IsCancellationRequested) throw new TimeoutException($"It did not come to that: {crowd.GetRawText()}");
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }

        /// <summary>A while in which the shop went on.</summary>
        public async Task PassAsync(IPage page)
        {
            var delivered = (await CrowdAsync()).Number("delivered");
            await UntilAsync(crowd => crowd.Number("delivered") > delivered + 5_000);
            await IsAsync(page, "closed");
        }

        private async Task<JsonElement> CrowdAsync() => Frames.Parse(await Http.GetStringAsync(new Uri(Address, "/crowd")));
    }
}
