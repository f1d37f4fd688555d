using FluentAssertions;
using Microsoft.Playwright;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Browser;

/// <summary>What the QuickStart's page can do beside writing, as two people in two windows use it.</summary>
public sealed class PageTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>, IAsyncLifetime
{
    /// <summary>A PNG of 4 by 4 pixels.</summary>
    internal static readonly byte[] Picture = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR42mPgz0uDIwbiOABrsw4xYHzJOAAAAABJRU5ErkJggg==");

    private readonly QuickStartProcess _server = new();
    private ChatPage _ann = null!;
    private ChatPage _bob = null!;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _ann = await ChatPage.JoinAsync(chromium, _server.Address, "ann", 1280, 800, output);
        _bob = await ChatPage.JoinAsync(chromium, _server.Address, "bob", 1280, 800, output);
    }

    public async ValueTask DisposeAsync()
    {
        await _ann.DisposeAsync();
        await _bob.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_file_that_one_attaches_is_seen_by_the_other_as_a_picture_or_a_link()
    {
        await _ann.AttachAsync("dot.png", "image/png", Picture);
        await _ann.AttachAsync("plan <b>.txt", "text/plain", "The plan"u8.ToArray());
        await _ann.SendAsync("Two files");

        foreach (var page in new[] { _ann, _bob })
        {
            await page.ShowsAsync("Two files");
            await page.ShowsPicturesAsync(1, width: 4);
            await Assertions.Expect(page.Page.GetByTestId("file")).ToHaveTextAsync("plan <b>.txt8 bytes");
        }

        await Assertions.Expect(_ann.Page.GetByTestId("attached")).ToHaveCountAsync(0);
        await _bob.PictureAsync("files");
        await _ann.OfMessageAsync("Two files", "delete");
        await _ann.SubmitAsync();
        await Assertions.Expect(_bob.Page.GetByTestId("picture")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_file_that_is_refused_says_why_and_one_that_is_left_out_is_not_sent()
    {
        await _ann.Page.GetByTestId("file-input").SetInputFilesAsync(new FilePayload { Name = "good.txt", MimeType = "text/plain", Buffer = "good"u8.ToArray() });
        await Assertions.Expect(_ann.Page.GetByTestId("attached")).ToHaveCountAsync(1);
        await Assertions.Expect(_ann.Page.GetByTestId("send")).ToBeEnabledAsync();
        await _ann.Page.GetByLabel("Leave out good.txt").ClickAsync();
        await _ann.SendAsync("Nothing with it");
        await _bob.ShowsAsync("Nothing with it");
        await Assertions.Expect(_bob.Page.GetByTestId("file")).ToHaveCountAsync(0);

        await _ann.Page.RouteAsync("**/realtime/files", route => route.FulfillAsync(new() { Status = 413, Body = "A file has at most 5 bytes here." }));
        await _ann.Page.GetByTestId("file-input").SetInputFilesAsync(new FilePayload { Name = "big.bin", MimeType = "application/octet-stream", Buffer = new byte[9] });
        await Assertions.Expect(_ann.Page.GetByTestId("attached")).ToContainTextAsync("A file has at most 5 bytes here.");
    }

    [Fact]
    public async Task A_file_is_pasted_or_dropped_and_can_be_given_up_on_its_way()
    {
        await _ann.Page.RouteAsync("**/realtime/files/*", _ => { });      // never answered
        await GiveAsync("drop", "given-up.txt");
        var attached = _ann.Page.GetByTestId("attached");
        await Assertions.Expect(attached.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("send")).ToBeDisabledAsync();
        await _ann.Page.GetByLabel("Leave out given-up.txt").ClickAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("send")).ToBeEnabledAsync();
        await _ann.Page.UnrouteAllAsync();

        await GiveAsync("drop", "dropped.txt");
        await GiveAsync("paste", "pasted.txt");
        await Assertions.Expect(attached).ToHaveCountAsync(2);
        await Assertions.Expect(_ann.Page.GetByTestId("send")).ToBeEnabledAsync();
        await _ann.Page.GetByTestId("send").ClickAsync();
        await Assertions.Expect(_bob.Page.GetByTestId("file").Locator("b")).ToHaveTextAsync(["dropped.txt", "pasted.txt"]);

        Task GiveAsync(string how, string name) => _ann.Page.EvaluateAsync(
            """
            ([how, name]) => {
              const given = new DataTransfer();
              given.items.add(new File(['What is in it'], name, { type: 'text/plain' }));
              const event = how === 'paste' ? new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true }) : new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true });
              document.getElementById('text').dispatchEvent(event);
            }
            """,
            new object[] { how, name });
    }

    [Fact]
    public async Task A_search_leads_to_a_message_far_back_and_the_way_leads_on_to_the_newest()
    {
        await WriteAsync(_bob, "random", 150, "The needle is <i>here</i>");
        await WriteAsync(_bob, "random", 250, null);
        await _ann.Page.Keyboard.PressAsync("Control+k");
        await _ann.Page.GetByTestId("search-query").FillAsync("need");
        var hit = _ann.Page.GetByTestId("hit");
        await Assertions.Expect(hit).ToHaveCountAsync(1);
        await Assertions.Expect(hit.Locator("mark")).ToHaveTextAsync("need");
        await Assertions.Expect(hit).ToContainTextAsync("The needle is <i>here</i>");
        await _ann.PictureAsync("search");
        await hit.ClickAsync();

        await Assertions.Expect(_ann.Page.GetByTestId("title")).ToHaveTextAsync("#random");
        await Assertions.Expect(_ann.Message("The needle is")).ToBeInViewportAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("to-end")).ToBeVisibleAsync();
        (await SequencesAsync(_ann)).Should().NotContain(400, "only the stretch around it is held");
        await _ann.PictureAsync("search-found");

        await _ann.Page.GetByTestId("to-end").ClickAsync();
        await Assertions.Expect(_ann.Message("message 250")).ToBeInViewportAsync();
        await _bob.OpenChannelAsync("random");
        await _bob.SendAsync("One more");
        await _ann.ShowsAsync("One more");
        var held = await SequencesAsync(_ann);
        held.Should().Equal(Enumerable.Range(held[0], held.Count), "there is no gap");
    }

    [Fact]
    public async Task The_inbox_counts_what_is_unread_and_the_title_all_of_it_until_it_is_read_or_silenced()
    {
        await _bob.OpenChannelAsync("help");
        await _bob.SendAsync("Is anybody there?");
        await _bob.Page.GetByTestId("composer").PressSequentiallyAsync("Hello, @an");
        await Assertions.Expect(_bob.Page.GetByTestId("suggestion-ann")).ToBeVisibleAsync();
        await _bob.Page.Keyboard.PressAsync("Enter");
        await _bob.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(_ann.Page.GetByTestId("unread-help")).ToContainTextAsync("@2");
        await Assertions.Expect(_ann.Page.GetByTestId("channel-help")).ToContainTextAsync("bob: Hello, @ann");
        await Assertions.Expect(_ann.Page).ToHaveTitleAsync("(2) #lobby · QuickStart");
        (await _ann.Page.Locator("[data-channel]").First.GetAttributeAsync("data-channel")).Should().Be("help", "the latest is the first");

        await _ann.Page.GetByTestId("channel-help").HoverAsync();
        await _ann.Page.GetByTestId("options-help").ClickAsync();
        await _ann.Page.GetByTestId("row-mute").ClickAsync();
        await Assertions.Expect(_ann.Page).ToHaveTitleAsync("#lobby · QuickStart");

        await _ann.OpenChannelAsync("help");
        await Assertions.Expect(_ann.Page.GetByTestId("unread-line")).ToHaveCountAsync(1);
        await Assertions.Expect(_ann.Page.GetByTestId("unread-help")).ToBeHiddenAsync();
        await _ann.OpenChannelAsync("lobby");
        await Assertions.Expect(_ann.Page.GetByTestId("unread-help")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Who_is_banned_sees_the_channel_no_more_and_nobody_is_offered_what_the_role_forbids()
    {
        await _ann.CreateChannelAsync("garden");
        await _ann.SendAsync("Welcome");
        await _bob.FindChannelAsync("garden");
        await _bob.ShowsAsync("Welcome");
        await _bob.SendAsync("Buy my weeds");
        await _ann.ShowsAsync("Buy my weeds");

        await _bob.Page.GetByTestId("channel-menu").ClickAsync();
        (await _bob.Page.GetByTestId("menu").GetByRole(AriaRole.Menuitem).AllInnerTextsAsync()).Should().Equal("Members", "Pinned messages", "Invite somebody…", "Leave");
        await _bob.Page.Keyboard.PressAsync("Escape");
        await _bob.Message("Welcome").HoverAsync();
        await _bob.Message("Welcome").GetByTestId("more").ClickAsync();
        (await _bob.Page.GetByTestId("menu").GetByRole(AriaRole.Menuitem).AllInnerTextsAsync()).Should().Equal("Copy text", "Report…");
        await _bob.Page.Keyboard.PressAsync("Escape");

        await _ann.OfMemberAsync("bob", "mute");
        await _ann.SubmitAsync(("reason", "Weeds"));
        await Assertions.Expect(_bob.Page.GetByTestId("silence")).ToContainTextAsync("You are muted here");
        await Assertions.Expect(_bob.Page.GetByTestId("composer")).ToBeDisabledAsync();

        await _ann.OfMemberAsync("bob", "ban");
        await _ann.SubmitAsync(("reason", "More weeds"));
        await Assertions.Expect(_bob.Page.GetByTestId("beginning")).ToHaveTextAsync("You were banned from this channel.");
        await Assertions.Expect(_bob.Page.GetByTestId("message")).ToHaveCountAsync(0);
        await Assertions.Expect(_bob.Page.GetByTestId("channel-garden")).ToHaveCountAsync(0);
        await _bob.PictureAsync("banned");

        await _ann.OfChannelAsync("bans");
        await Assertions.Expect(_ann.Page.GetByTestId("panel")).ToContainTextAsync("More weeds");
        await _ann.PictureAsync("bans");
        await _ann.Page.GetByTestId("unban").ClickAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("panel")).ToContainTextAsync("Nobody is banned.");
        await _ann.OfChannelAsync("actions");
        await Assertions.Expect(_ann.Page.GetByTestId("panel")).ToContainTextAsync("ann banned bob");
        await _bob.OpenChannelAsync("lobby");
        await _bob.FindChannelAsync("garden");
        await _bob.ShowsAsync("Welcome");
    }

    [Fact]
    public async Task A_channel_shows_what_is_pinned_and_its_owner_what_was_reported()
    {
        await _ann.CreateChannelAsync("garden");
        await _ann.SendAsync("Water on Mondays");
        await _bob.FindChannelAsync("garden");
        await _ann.OfMessageAsync("Water on Mondays", "pin");
        await Assertions.Expect(_bob.Message("Water on Mondays")).ToContainTextAsync("Pinned");
        await _bob.OfChannelAsync("pins");
        await Assertions.Expect(_bob.Page.GetByTestId("hit")).ToContainTextAsync("Water on Mondays");
        await _ann.OfMessageAsync("Water on Mondays", "pin");
        await Assertions.Expect(_bob.Page.GetByTestId("hit")).ToHaveCountAsync(0);

        await _bob.OfMessageAsync("Water on Mondays", "report");
        await _bob.SubmitAsync(("reason", "It rains on Mondays"));
        await _ann.OfChannelAsync("reports");
        var report = _ann.Page.GetByTestId("report-row");
        await Assertions.Expect(report).ToContainTextAsync("It rains on Mondays");
        await report.GetByTestId("dismiss").ClickAsync();
        await Assertions.Expect(report).ToHaveAttributeAsync("data-state", "dismissed");

        await _ann.OfChannelAsync("settings");
        await _ann.Page.Locator("dialog [name=closed]").CheckAsync();
        await _ann.SubmitAsync(("topic", "When to water"));
        await Assertions.Expect(_bob.Page.GetByTestId("silence")).ToContainTextAsync("This channel is closed");
        await Assertions.Expect(_bob.Page.GetByText("When to water")).ToBeVisibleAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("composer")).ToBeEnabledAsync();
    }

    [Fact]
    public async Task A_new_name_is_seen_at_once_and_two_people_talk_alone_until_one_blocks_the_other()
    {
        await _bob.SendAsync("It's me");
        await _ann.ShowsAsync("It's me");
        await _bob.Page.GetByTestId("me").ClickAsync();
        await _bob.SubmitAsync(("name", "Bob <i>Marsh</i>"), ("about", "Gardener"));
        await Assertions.Expect(_ann.Message("It's me").GetByTestId("sender")).ToHaveTextAsync("Bob <i>Marsh</i>");

        await _ann.Message("It's me").GetByTestId("sender").ClickAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("card")).ToContainTextAsync("Gardener");
        await _ann.PictureAsync("card");
        await _ann.Page.GetByTestId("write").ClickAsync();
        await Assertions.Expect(_ann.Page.GetByTestId("title")).ToHaveTextAsync("Bob <i>Marsh</i>");
        await _ann.SendAsync("Between us");
        await _bob.Page.Locator("[data-channel^='direct']").ClickAsync();
        await _bob.ShowsAsync("Between us");
        await Assertions.Expect(_bob.Page.GetByTestId("title")).ToHaveTextAsync("ann");

        await _bob.Message("Between us").GetByTestId("sender").ClickAsync();
        await _bob.Page.GetByTestId("block").ClickAsync();
        await Assertions.Expect(_bob.Page.GetByText("From somebody whom you block.")).ToBeVisibleAsync();
        await _ann.SendAsync("Are you there?");
        await Assertions.Expect(_ann.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Not sent" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_waits_to_be_sent_survives_a_reload_in_whichever_channel_and_is_sent_once()
    {
        var reachable = true;
        await _ann.Page.RouteWebSocketAsync("**/realtime", socket =>
        {
            if (reachable) socket.ConnectToServer();
            else socket.CloseAsync();
        });
        await _ann.Page.ReloadAsync();
        await _ann.IsConnectedAsync();
        await _ann.OpenChannelAsync("random");
        await _ann.SendAsync("Before");
        await _ann.ShowsAsync("Before");
        reachable = false;
        await _server.KillAsync();
        await _server.StartAsync();
        await _ann.SendAsync("Kept over a reload");
        await Assertions.Expect(_ann.Page.Locator("[data-testid=message][data-state=pending]")).ToHaveCountAsync(1);
        await _ann.Page.EvaluateAsync("() => { location.hash = 'lobby'; }");
        await _ann.Page.ReloadAsync();
        await Assertions.Expect(_ann.Page.Locator("#splash")).ToContainTextAsync("Trying again");
        reachable = true;

        await _ann.IsConnectedAsync();
        await _bob.IsConnectedAsync();
        await _bob.OpenChannelAsync("random");
        await _bob.ShowsAsync(["Before", "Kept over a reload"]);
    }

    // As fast as the server takes them, by a client of their own in the page.
    private static Task WriteAsync(ChatPage page, string channel, int count, string? last) => page.Page.EvaluateAsync(
        """
        async ([channel, count, last]) => {
          const { RealtimeClient } = await import('/realtime/client.js');
          const client = new RealtimeClient('/realtime');
          await client.connect();
          const texts = Array.from({ length: count }, (_, index) => index === count - 1 && last ? last : `message ${index + 1}`);
          await Promise.all(texts.map(text => client.channel(channel).send({ text })));
          client.close();
        }
        """,
        new object?[] { channel, count, last });

    private static async Task<IReadOnlyList<int>> SequencesAsync(ChatPage page) =>
        await page.Page.Locator("[data-sequence]").EvaluateAllAsync<int[]>("rows => rows.map(row => Number(row.dataset.sequence))");
}
