using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Protocol;

namespace RealtimeKit.Client.Tests;

/// <summary>How connections begin, end and come back.</summary>
public sealed class ConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1000)]
    [InlineData(4400)]
    [InlineData(4401)]
    [InlineData(4403)]
    public async Task Closed_for_good(int code)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var connecting = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        await connecting.InTime();
        client.State.Should().Be(new ConnectionState(ConnectionStatus.Connected, "ada"));
        var (send, read) = (client.Channel("lobby").SendAsync("x"), client.Channel("lobby").HistoryAsync(cancellationToken: Token));
        await connection.ReadAsync("publish");
        await connection.CloseAsync(code);
        await client.UntilAsync(ConnectionStatus.Closed);
        client.State.CloseCode.Should().Be((CloseCode)code);
        await send.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
        await read.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
        await client.Channel("lobby").Invoking(channel => channel.SendAsync("y")).Should().ThrowAsync<RealtimeException>();
        await client.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public async Task Features_are_those_of_the_connected_node()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        client.State.Features.Should().BeEmpty();
        var connecting = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync(""","features":["search","new"]""");
        await connecting.InTime();
        client.State.Features.Should().Equal("search", "new");
        await connection.CloseAsync(4400);
        await client.UntilAsync(ConnectionStatus.Closed);
        client.State.Features.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1001)]
    [InlineData(1003)]
    [InlineData(1009)]
    [InlineData(4408)]
    [InlineData(4429)]
    [InlineData(4500)]
    public async Task Comes_back(int code)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        await (await server.AcceptSignedInAsync()).CloseAsync(code);
        await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refused_upgrade_is_final(int status)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.RefuseWith = status;
        await using var client = Clients.Make(server.Endpoint);
        await client.ConnectAsync(Token).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Fact]
    public async Task A_server_that_is_away_is_waited_for()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.RefuseWith = 503;
        await using var client = Clients.Make(server.Endpoint);
        var states = new System.Collections.Concurrent.ConcurrentQueue<ConnectionStatus>();
        client.StateChanged += (_, state) => states.Enqueue(state.Status);
        var connecting = client.ConnectAsync(Token);
        await client.UntilAsync(ConnectionStatus.Waiting);
        server.RefuseWith = 0;
        await server.AcceptSignedInAsync();
        await connecting.InTime();
        await Eventually.TrueAsync(() => states.LastOrDefault() == ConnectionStatus.Connected, "the last change is raised");
        states.Take(2).Should().Equal(ConnectionStatus.Connecting, ConnectionStatus.Waiting);
    }

    [Fact]
    public async Task A_refused_sign_in_asks_the_token_provider_once_more()
    {
        await using var server = await ScriptedServer.StartAsync();
        var asked = 0;
        await using var client = Clients.Make(server.Endpoint, options => options.TokenProvider = _ => ValueTask.FromResult<string?>($"token{++asked}"));
        var connecting = client.ConnectAsync(Token);
        for (var i = 1; i <= 2; i++)
        {
            var connection = await server.AcceptAsync();
            var connect = await connection.ReadAsync("connect");
            connect.Text("token").Should().Be($"token{i}");
            await connection.ErrorAsync(connect.Id, "unauthenticated");
            await connection.CloseAsync(4401);
        }

        (await connecting.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ErrorCodes.Unauthenticated);
        asked.Should().Be(2);
    }

    [Fact]
    public async Task Answers_ping_and_ignores_what_it_does_not_know()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        await connection.SendAsync("""{"type":"weather","id":99,"sky":"blue"}""", "", """{"type":"news"}""", """{"type":"ping","extra":1}""");
        await connection.ReadAsync("pong");
    }

    [Fact]
    public async Task A_server_that_says_nothing_for_two_heartbeats_is_left()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptAsync();
        await connection.SendAsync(ScriptedServer.Connected((await connection.ReadAsync("connect")).Id, heartbeat: 50));
        await client.UntilAsync(ConnectionStatus.Connected);
        await server.AcceptSignedInAsync();
    }

    [Fact]
    public async Task A_sign_in_that_expires_is_refreshed_before()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        var asked = 0;
        await using var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.TokenProvider = _ => ValueTask.FromResult<string?>($"token{++asked}");
        });
        var connecting = client.ConnectAsync(Token);
        // Signed in for 20 seconds, by the server's clock.
        var connection = await server.AcceptSignedInAsync(",\"expires\":\"2026-01-01T00:00:20.000Z\"");
        await connecting.InTime();
        await Eventually.TrueAsync(() => asked == 1 && client.State.Status == ConnectionStatus.Connected, "connected");
        var refresh = connection.ReadAsync("refresh");
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return refresh.IsCompleted;
        }, "the refresh comes");
        (await refresh).Text("token").Should().Be("token2");
        client.State.Status.Should().Be(ConnectionStatus.Connected);
    }

    [Fact]
    public async Task Reconnect_is_obeyed_after_what_is_under_way_is_answered()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var first = await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        var edit = client.Channel("lobby").EditAsync(1, "new", Token);
        var frame = await first.ReadAsync("edit");
        await first.SendAsync("""{"type":"reconnect","within":1}""");
        // The pong comes behind the reconnect: the client has read that and stays for the answer.
        await first.SendAsync("""{"type":"ping"}""");
        await first.ReadAsync("pong");
        await first.SendAsync($$"""{"type":"ok","id":{{frame.Id}},"version":7}""");
        (await edit.InTime()).Should().Be(7);
        (await first.ClientClose.InTime()).Should().Be(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure);
        await server.AcceptSignedInAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Closing_waits_for_no_server_that_does_not_read()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.MaxOutstanding = 1_000;
        });
        _ = client.ConnectAsync(TestContext.Current.CancellationToken);
        var connection = await server.AcceptSignedInAsync();
        var reading = new TaskCompletionSource();
        connection.Reading = reading.Task;
        await client.UntilAsync(ConnectionStatus.Connected);
        // More than the buffers of both sockets hold.
        var text = new string('x', 60_000);
        var sends = Enumerable.Range(0, 500).Select(n => client.Channel($"c{n}").SendAsync(text)).ToList();
        var closing = client.CloseAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        await closing.InTime();
        await Task.WhenAll(sends).InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>();
        sends.Should().OnlyContain(send => send.IsFaulted);
        reading.SetResult();
    }

    [Theory]
    [InlineData(false, 5_184_000_000)]
    [InlineData(false, -1)]
    [InlineData(false, -1_000)]
    [InlineData(true, 1_000_000_000_000)]
    public async Task A_senseless_time_to_come_back_does_not_end_the_client(bool connected, long milliseconds)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var waiting = client.NextAsync(ConnectionStatus.Waiting);
        if (connected)
        {
            var connection = await server.AcceptSignedInAsync();
            await connection.SendAsync($$"""{"type":"reconnect","within":{{milliseconds}}}""");
            await connection.CloseAsync(1001);
        }
        else
        {
            var connection = await server.AcceptAsync();
            await connection.ErrorAsync((await connection.ReadAsync("connect")).Id, "unavailable", milliseconds);
        }

        (await waiting).RetryIn.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero).And.BeLessThan(TimeSpan.FromDays(40));
        await client.CloseAsync().InTime();
        client.State.Status.Should().Be(ConnectionStatus.Closed);
    }

    [Theory]
    [InlineData(5_184_000_000)]
    [InlineData(-1_000)]
    public async Task A_senseless_time_to_ask_again_does_not_end_the_connection(long milliseconds)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        _ = client.Channel("a").SendAsync("x");
        var publish = await connection.ReadAsync("publish");
        _ = client.Channel("b").SubscribeAsync(cancellationToken: Token);
        var subscribe = await connection.ReadAsync("subscribe");
        await connection.ErrorAsync(publish.Id, "unavailable", milliseconds);
        await connection.ErrorAsync(subscribe.Id, "unavailable", milliseconds);
        await connection.SendAsync("""{"type":"reconnect","within":-1000}""");
        (await connection.ClientClose.InTime()).Should().Be(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure);
        await server.AcceptSignedInAsync();
    }

    [Fact]
    public async Task A_lost_connection_repeats_reads_and_fails_what_may_have_taken_effect()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        var lobby = client.Channel("lobby");
        _ = client.ConnectAsync(Token);
        var first = await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        var history = lobby.HistoryAsync(new HistoryOptions { Before = 9 }, Token);
        var edit = lobby.EditAsync(1, "new", Token);
        await first.ReadAsync("history");
        await first.ReadAsync("edit");
        await first.CutAsync();
        (await edit.InTime().Invoking(task => task).Should().ThrowAsync<RealtimeException>()).Which.Code.Should().Be(ClientErrorCodes.ConnectionLost);
        var second = await server.AcceptSignedInAsync();
        var again = await second.ReadAsync("history");
        await second.SendAsync($$"""{"type":"history","id":{{again.Id}},"channel":"lobby","messages":[{{ScriptedConnection.Message(8, 8)}}],"more":true}""");
        var page = await history.InTime();
        page.Messages.Single().Sequence.Should().Be(8);
        page.More.Should().BeTrue();
    }

    [Fact]
    public async Task A_request_without_reply_times_out()
    {
        await using var client = Clients.Make(new Uri("ws://127.0.0.1:1/realtime"), options => options.RequestTimeout = TimeSpan.FromMilliseconds(30));
        await client.Invoking(c => c.ChannelsAsync(cancellationToken: Token)).Should().ThrowAsync<TimeoutException>();
    }

    [Fact]
    public async Task A_handler_that_throws_harms_nothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint);
        client.StateChanged += (_, _) => throw new InvalidOperationException("mine");
        var connecting = client.ConnectAsync(Token);
        await server.AcceptSignedInAsync();
        await connecting.InTime();
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Action<RealtimeClientOptions>[] wrong =
        [
            o => o.QueueLimit = 0, o => o.MaxOutstanding = 0, o => o.ReadBuffer = 0, o => o.ReconnectDelay = TimeSpan.Zero,
            o => o.MaxReconnectDelay = TimeSpan.Zero, o => o.ConnectTimeout = TimeSpan.Zero, o => o.RequestTimeout = TimeSpan.Zero,
        ];
        foreach (var set in wrong)
            FluentActions.Invoking(() => Clients.Make(new Uri("ws://127.0.0.1/"), set)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new RealtimeClient(new Uri("ftp://127.0.0.1/"))).Should().Throw<ArgumentException>();
    }
}
