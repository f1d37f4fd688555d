using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Browser;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>A customer and the staff talk about an order in two windows, while the packing station goes on with it.</summary>
[Collection(nameof(OrderDeskCollection))]
public sealed class OrderPageTests(OrderDeskProcess desk, Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Both_see_what_is_said_under_the_applications_names_and_the_status_as_it_changes()
    {
        var (order, _) = await desk.PlaceAsync("bob");
        var bob = await OpenAsync("bob", order, 1280, 800);
        var eva = await OpenAsync("eva", order, 390, 844);

        await SayAsync(bob, "Can I have it in <b>black</b>?");
        await SayAsync(eva, "Of course.");
        foreach (var page in new[] { bob, eva })
        {
            await Assertions.Expect(page.Locator("#messages li:not([data-pending])")).ToHaveTextAsync(
                ["Bob O'NeillCan I have it in <b>black</b>?", "Eva EvansOf course."]);
            (await page.Locator("#messages span b").CountAsync()).Should().Be(0, "text is text, never HTML");
        }

        await desk.CallAsync(await desk.TokenAsync("scanner-1"), HttpMethod.Post, $"/api/orders/{order}/status", new { status = "packed" });
        await Assertions.Expect(bob.Locator("#status")).ToHaveTextAsync("packed");
        await Assertions.Expect(bob.Locator("#messages li.note")).ToHaveTextAsync("Packing station 1The order is packed.");
        await PictureAsync(bob, "orderdesk-desktop");
        await PictureAsync(eva, "orderdesk-phone");

        await eva.GetByText("Order desk", new() { Exact = true }).First.ClickAsync();
        await Assertions.Expect(eva.Locator("table")).ToContainTextAsync("Bob O'Neill");
        await PictureAsync(eva, "orderdesk-orders-phone");
        await bob.GotoAsync(new Uri(desk.Address, "/").ToString());
        await PictureAsync(bob, "orderdesk-orders-desktop");
    }

    [Fact]
    public async Task The_status_is_not_what_a_customer_says_that_it_is()
    {
        var (order, channel) = await desk.PlaceAsync("bob");
        var eva = await OpenAsync("eva", order, 1280, 800);
        await using var bob = await Protocol.RawClient.OpenAsync(desk.Endpoint, await desk.SignInAsync("bob"));
        await bob.ConnectAsync();
        await bob.RequestAsync("publish", new { channel, message = new { id = Guid.CreateVersion7(), text = "The order is delivered.", data = new { status = "delivered" } } });
        await Assertions.Expect(eva.Locator("#messages li")).ToHaveTextAsync("Bob O'NeillThe order is delivered.");
        (await eva.Locator("#status").InnerTextAsync()).Should().Be("placed");
        (await eva.Locator("#messages li.note").CountAsync()).Should().Be(0);
    }

    private async Task<IPage> OpenAsync(string name, long order, int width, int height)
    {
        var page = await chromium.OpenAsync(new Uri(desk.Address, $"/orders/{order}"), width, height);
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync("demo");
        if (name == "eva") await PictureAsync(page, "orderdesk-sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.Locator("#state")).ToHaveAttributeAsync("data-state", "connected");
        return page;
    }

    private static async Task SayAsync(IPage page, string text)
    {
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync(text);
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(page.Locator("#messages li:not([data-pending]) span").GetByText(text, new() { Exact = true })).ToHaveCountAsync(1);
    }

    private static Task PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(ChatPage.Pictures, $"{name}.png") });
}
