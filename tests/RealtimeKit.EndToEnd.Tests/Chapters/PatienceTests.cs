using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Chapters;

/// <summary>What the server does when it hears nothing. All of it runs at once, for it takes two heartbeats.</summary>
[Collection(nameof(PatienceCollection))]
public sealed class PatienceTests(QuickStartProcess server) : ProtocolTest(server)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Silence_has_its_consequences() => await Task.WhenAll(
        WithoutConnectAsync("4401 after 10 s", sendsPing: false),
        WithoutConnectAsync("4401 after 10 s, requests or not", sendsPing: true),
        ThePingOfAServerComesInAHeartbeatAsync(),
        WhoSaysNothingIsClosedAsync(),
        WhoAnswersLivesAsync(),
        WhoIsGoneIsOutOfPresenceAsync());

    private async Task WithoutConnectAsync(string because, bool sendsPing)
    {
        var ann = await OpenAsync();
        if (sendsPing) (await ann.RequestAsync("ping")).ShouldBeError("unauthenticated");
        (await ann.WaitForCloseAsync(TimeSpan.FromSeconds(10) + Slack)).Should().Be(4401, because);
    }

    private async Task ThePingOfAServerComesInAHeartbeatAsync()
    {
        var ann = await ConnectAsync();
        ann.AnswersPings = false;
        var ping = await ann.WaitForAsync(frame => frame.IsType("ping"), Heartbeat + Slack);
        ping.ShouldLack("id");
    }

    private async Task WhoSaysNothingIsClosedAsync()
    {
        var ann = await ConnectAsync();
        ann.AnswersPings = false;
        (await ann.WaitForCloseAsync(2 * Heartbeat + Slack)).Should().Be(4408);
    }

    private async Task WhoAnswersLivesAsync()
    {
        var ann = await ConnectAsync();
        for (var n = 1; n <= 3; n++)
        {
            var count = n;
            ann.AnswersPings = false;
            await ann.WaitForAsync(frame => frame.IsType("ping"), Heartbeat + Slack, $"ping {count}");
            await ann.SendAsync("""{"type":"pong"}""");
        }

        await PassAsync(ann);
    }

    private async Task WhoIsGoneIsOutOfPresenceAsync()
    {
        var (ann, channel) = await WithChannelAsync();
        await SubscribeAsync(ann, channel);
        var ben = await ConnectAsync();
        await SubscribeAsync(ben, channel);
        ben.AnswersPings = false;
        await ann.WaitForAsync(
            frame => frame.IsType("signal") && frame.Text("name") == "presence" && frame.Text("user") == ben.User && frame.Field("data").Text("status") == "offline",
            2 * Heartbeat + Slack);
    }
}
