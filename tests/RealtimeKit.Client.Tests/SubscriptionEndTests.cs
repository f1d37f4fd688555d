using Microsoft.Extensions.Time.Testing;
using static RealtimeKit.Client.Tests.ScriptedConnection;

namespace RealtimeKit.Client.Tests;

/// <summary>Subscriptions that are given up, and what follows them.</summary>
public sealed class SubscriptionEndTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancelling_waits_for_no_server_and_leaves_the_next_subscription_alone()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        using var cancelling = new CancellationTokenSource();
        var given = lobby.SubscribeAsync(cancellationToken: cancelling.Token);
        await connection.ReadAsync("subscribe");
        await cancelling.CancelAsync();
        await given.InTime().Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        var next = lobby.SubscribeAsync(cancellationToken: Token);
        await connection.ReadAsync("unsubscribe");
        await connection.SubscribedAsync((await connection.ReadAsync("subscribe")).Id);
        await next.InTime();
        await connection.SendAsync(Posted(1, 1));
        (await lobby.TakeAsync(1)).Sequences().Should().Equal(1);
    }

    [Fact]
    public async Task What_ends_a_subscription_does_not_reach_the_next_one_on_another_connection()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.TimeProvider = time);
        var lobby = client.Channel("lobby");
        _ = client.ConnectAsync(Token);
        var first = await server.AcceptSignedInAsync();
        var subscribing = lobby.SubscribeAsync(cancellationToken: Token);
        await first.SubscribedAsync((await first.ReadAsync("subscribe")).Id);
        await subscribing.InTime();
        var send = lobby.SendAsync("x");
        var publish = await first.ReadAsync("publish");
        // From here on the client hands out nothing more, and stays for the answer that is under way.
        await first.SendAsync("""{"type":"reconnect","within":0}""");
        await first.SettledAsync();
        var leaving = lobby.UnsubscribeAsync(Token);
        subscribing = lobby.SubscribeAsync(cancellationToken: Token);
        await first.PublishedAsync(publish, 1);
        await send.InTime();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(20));
                return first.ClientClose.IsCompleted;
            }, "it leaves the connection");

        var second = await server.AcceptSignedInAsync();
        await second.SubscribedAsync((await second.ReadAsync("subscribe")).Id, 1, 1);
        await second.SettledAsync();
        await leaving.InTime();
        await subscribing.InTime();
        await second.SendAsync(Posted(2, 2));
        (await lobby.TakeAsync(1)).Sequences().Should().Equal(2);
    }

    [Fact]
    public async Task Unsubscribing_ends_with_the_servers_answer_or_in_time()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.TimeProvider = time);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        foreach (var answered in (bool[])[true, false])
        {
            var subscribing = client.Channel("lobby").SubscribeAsync(cancellationToken: Token);
            await connection.SubscribedAsync((await connection.ReadAsync("subscribe")).Id);
            await subscribing.InTime();
            var leaving = client.Channel("lobby").UnsubscribeAsync(Token);
            var frame = await connection.ReadAsync("unsubscribe");
            leaving.IsCompleted.Should().BeFalse();
            if (answered) await connection.SendAsync($$"""{"type":"ok","id":{{frame.Id}}}""");
            else time.Advance(TimeSpan.FromSeconds(30));
            if (answered) await leaving.InTime();
            else await leaving.InTime().Invoking(task => task).Should().ThrowAsync<TimeoutException>();
        }
    }

    [Fact]
    public async Task A_server_that_refuses_the_start_is_not_asked_again_at_once()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.ReconnectDelay = options.MaxReconnectDelay = TimeSpan.FromSeconds(1);
        });
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        var subscribing = client.Channel("lobby").SubscribeAsync(SubscribeOptions.FromStart, Token);
        for (var i = 0; i < 3; i++)
        {
            await connection.ErrorAsync((await connection.ReadAsync("subscribe")).Id, "conflict");
            await connection.SettledAsync();
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await connection.SubscribedAsync((await connection.ReadAsync("subscribe")).Id, 1, 1);
        await connection.SendAsync(Changes(1, false, Message(1, 1)));
        await subscribing.InTime();
        (await client.Channel("lobby").TakeAsync(1)).Sequences().Should().Equal(1);
    }
}
