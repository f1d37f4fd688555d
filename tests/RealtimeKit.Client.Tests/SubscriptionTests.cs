using RealtimeKit.Protocol;
using static RealtimeKit.Client.Tests.ScriptedConnection;

namespace RealtimeKit.Client.Tests;

/// <summary>Subscriptions over interruptions, holes, slow readers and new lives of a channel.</summary>
public sealed class SubscriptionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resumes_from_its_place_and_takes_pages_and_events_alike()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        var (first, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await first.SubscribedAsync(subscribing.Request.Id, version: 5, sequence: 3);
        (await subscribing.Done.InTime()).Sequence.Should().Be(3);
        await first.SendAsync(Posted(4, 6), Posted(4, 6), """{"type":"event","channel":"lobby","version":7,"kind":"weathered"}""", Posted(5, 8));
        (await lobby.TakeAsync(2)).Sequences().Should().Equal(4, 5);
        lobby.Cursor.Should().Be(new ChannelCursor("e1", 8, 5));
        await first.CutAsync();

        var second = await server.AcceptSignedInAsync();
        var again = await second.ReadAsync("subscribe");
        (again.Number("after"), again.Text("epoch")).Should().Be((8, "e1"));
        await second.SubscribedAsync(again.Id, version: 11, sequence: 7);
        await second.SendAsync(Changes(11, false, Message(7, 10), Message(6, 11)), Posted(8, 12));
        (await lobby.TakeAsync(3)).Sequences().Should().Equal(6, 7, 8);
    }

    [Fact]
    public async Task A_hole_makes_it_subscribe_again_from_its_place()
    {
        await using var server = await ScriptedServer.StartAsync();
        var log = new LogRecorder();
        await using var client = Clients.Make(server.Endpoint, options => options.LoggerFactory = log);
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await connection.SubscribedAsync(subscribing.Request.Id, version: 5, sequence: 3);
        await connection.SendAsync(Posted(4, 6), Posted(6, 8));
        var again = await connection.ReadAsync("subscribe");
        again.Number("after").Should().Be(6);
        await connection.SendAsync(Posted(7, 9)); // Still of the first subscription.
        await connection.SubscribedAsync(again.Id, version: 9, sequence: 7);
        await connection.SendAsync(Changes(9, false, Message(5, 7), Message(6, 8), Message(7, 9)));
        (await client.Channel("lobby").TakeAsync(4)).Sequences().Should().Equal(4, 5, 6, 7);
        log.Entries.Should().Contain(entry => entry.Id == 8, "a server that leaves a hole is worth a warning");
    }

    [Fact]
    public async Task A_channel_that_began_anew_is_told_and_read_from_its_start()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (first, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await first.SubscribedAsync(subscribing.Request.Id, version: 5, sequence: 3);
        await first.SendAsync(Posted(4, 6));
        await Eventually.TrueAsync(() => subscribing.Done.IsCompleted, "subscribed");
        await first.CutAsync();
        var second = await server.AcceptSignedInAsync();
        await second.ErrorAsync((await second.ReadAsync("subscribe")).Id, "conflict");
        var anew = await second.ReadAsync("subscribe");
        anew.Number("after").Should().Be(0);
        anew.Has("epoch").Should().BeFalse();
        await second.SubscribedAsync(anew.Id, 1, 1, "e2");
        await second.SendAsync(Changes(1, false, Message(1, 1)));
        var updates = await client.Channel("lobby").TakeAsync(3);
        updates[1].Should().BeOfType<ChannelReset>();
        updates.Sequences().Should().Equal(4, 1);
        client.Channel("lobby").Cursor.Should().Be(new ChannelCursor("e2", 1, 1));
    }

    [Fact]
    public async Task A_slow_reader_leaves_the_live_stream_and_comes_back_to_its_place()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.ReadBuffer = 4);
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.FromStart);
        await connection.SubscribedAsync(subscribing.Request.Id);
        await connection.SendAsync(Changes(0, false));
        await connection.SendAsync([.. Enumerable.Range(1, 10).Select(n => Posted(n, n))]);
        await connection.ReadAsync("unsubscribe");
        await connection.SendAsync("""{"type":"ping"}""");
        await connection.ReadAsync("pong");
        connection.HasFrame.Should().BeFalse();

        var lobby = client.Channel("lobby");
        (await lobby.TakeAsync(2)).Sequences().Should().Equal(1, 2);
        var again = await connection.ReadAsync("subscribe");
        again.Number("after").Should().Be(4);
        await connection.SubscribedAsync(again.Id, 6, 6);
        await connection.SendAsync(Changes(6, false, Message(5, 5), Message(6, 6)));
        (await lobby.TakeAsync(4)).Sequences().Should().Equal(3, 4, 5, 6);
    }

    [Fact]
    public async Task Recent_messages_that_were_cut_short_are_asked_for_again()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (first, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Recent(3));
        subscribing.Request.Number("recent").Should().Be(3);
        await first.SubscribedAsync(subscribing.Request.Id, 9, 9);
        await first.SendAsync(Changes(9, true, Message(7, 7)));
        await subscribing.Done.InTime();
        await first.CutAsync();
        var second = await server.AcceptSignedInAsync();
        var again = await second.ReadAsync("subscribe");
        again.Number("recent").Should().Be(3);
        await second.SubscribedAsync(again.Id, 10, 10);
        await second.SendAsync(Changes(10, true, Message(8, 8)), Changes(10, false, Message(9, 9), Message(10, 10)));
        (await client.Channel("lobby").TakeAsync(3)).Sequences().Should().Equal(8, 9, 10);
    }

    [Fact]
    public async Task Signals_reactions_members_and_the_end()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await connection.SubscribedAsync(subscribing.Request.Id, 5, 3);
        await connection.SendAsync(
            """{"type":"signal","channel":"lobby","user":"bob","name":"typing"}""",
            """{"type":"member","channel":"lobby","user":"bob","change":"role","role":"owner"}""",
            """{"type":"event","channel":"lobby","version":6,"kind":"reacted","sequence":2,"reaction":"+1","user":"bob","reactions":{"+1":{"count":1,"users":["bob"]}}}""",
            """{"type":"revoked","channel":"lobby","reason":"banned"}""");
        var updates = await client.Channel("lobby").TakeAsync(5);
        updates.Should().HaveCount(4, "the stream ends behind a revocation");
        updates[0].Should().Be(new SignalReceived("bob", "typing", null));
        updates[1].Should().Be(new MemberChanged("bob", "role", ChannelRole.Owner));
        updates[2].Should().BeOfType<ReactionsUpdated>().Which.Reactions.Single().Count.Should().Be(1);
        updates[3].Should().Be(new ChannelRevoked("banned"));
    }

    [Fact]
    public async Task A_subscription_that_is_refused_fails_its_caller_and_may_be_tried_again()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await connection.ErrorAsync(subscribing.Request.Id, "unavailable");
        var again = await connection.ReadAsync("subscribe");
        await connection.ErrorAsync(again.Id, "not_found");
        (await subscribing.Done.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.NotFound);
        _ = client.Channel("lobby").SubscribeAsync(cancellationToken: Token);
        await connection.ReadAsync("subscribe");
    }

    [Fact]
    public async Task What_pages_cannot_put_in_order_is_read_from_the_history()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.FromStart);
        await connection.SubscribedAsync(subscribing.Request.Id, 601, 600);
        await connection.SendAsync(Changes(600, true, [.. Enumerable.Range(2, 599).Select(n => Message(n, n))]));
        await connection.ReadAsync("unsubscribe");
        for (var after = 0; after < 600; after += 200)
        {
            var history = await connection.ReadAsync("history");
            history.Number("after").Should().Be(after);
            var messages = string.Join(',', Enumerable.Range(after + 1, 200).Select(n => Message(n, n == 1 ? 601 : n)));
            await connection.SendAsync($$"""{"type":"history","id":{{history.Id}},"channel":"lobby","messages":[{{messages}}],"more":{{(after < 400 ? "true" : "false")}}}""");
        }

        (await client.Channel("lobby").TakeAsync(600)).Sequences().Should().Equal(Enumerable.Range(1, 600).Select(n => (long)n));
        (await connection.ReadAsync("subscribe")).Number("after").Should().Be(0);
    }

    [Fact]
    public async Task One_reader_at_a_time_and_one_subscription()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        await using (var unsubscribed = lobby.ReadAsync(Token).GetAsyncEnumerator(Token))
            await unsubscribed.Invoking(reader => reader.MoveNextAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        var (connection, subscribing) = await SubscribeAsync(server, client, SubscribeOptions.Live);
        await connection.SubscribedAsync(subscribing.Request.Id);
        await subscribing.Done.InTime();
        await lobby.Invoking(channel => channel.SubscribeAsync(cancellationToken: Token)).Should().ThrowAsync<InvalidOperationException>();
        await using var one = lobby.ReadAsync(Token).GetAsyncEnumerator(Token);
        var waiting = one.MoveNextAsync().AsTask();
        await using (var two = lobby.ReadAsync(Token).GetAsyncEnumerator(Token))
            await two.Invoking(reader => reader.MoveNextAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        var leaving = lobby.UnsubscribeAsync(Token);
        var frame = await connection.ReadAsync("unsubscribe");
        await connection.SendAsync($$"""{"type":"ok","id":{{frame.Id}}}""");
        await leaving.InTime();
        (await waiting.InTime()).Should().BeFalse();
    }

    [Fact]
    public async Task Typing_is_throttled()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        for (var i = 0; i < 10; i++) client.Channel("lobby").Typing();
        var signal = await connection.ReadAsync("signal");
        signal.Has("id").Should().BeFalse();
        signal.Text("name").Should().Be("typing");
        await connection.SendAsync("""{"type":"ping"}""");
        await connection.ReadAsync("pong");
    }

    private static async Task<(ScriptedConnection, (ClientFrame Request, Task<ChannelSubscription> Done))> SubscribeAsync(
        ScriptedServer server, RealtimeClient client, SubscribeOptions options)
    {
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        var done = client.Channel("lobby").SubscribeAsync(options, Token);
        return (connection, (await connection.ReadAsync("subscribe"), done));
    }
}
