using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Hosting;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using RealtimeKit.Transports;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>What time does to a connection, with the clock in the test's hand.</summary>
public sealed class LifeTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_connection_without_a_sign_in_for_ten_seconds_is_closed()
    {
        await using var node = await StartAsync();
        await using var client = new TestClient(node.Transport.Connect("ann"));
        await client.RequestAsync("""{"type":"ping","id":1}""", 1);
        await PassAsync(node, TimeSpan.FromSeconds(9));
        (await client.RequestAsync("""{"type":"ping","id":1}""", 1)).GetProperty("code").GetString().Should().Be("unauthenticated");
        await PassAsync(node, TimeSpan.FromSeconds(3));
        (await client.WaitForAsync("error")).TryGetProperty("id", out _).Should().BeFalse();
        (await client.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Fact]
    public async Task A_client_is_pinged_within_every_heartbeat_and_closed_after_two_of_silence()
    {
        await using var node = await StartAsync();
        await using var client = await node.ConnectAsync("ann");
        await PassAsync(node, TimeSpan.FromSeconds(25));
        await client.WaitForAsync("ping");
        await client.SendAsync("""{"type":"pong"}""");
        await client.RequestAsync("""{"type":"ping","id":2}""", 2);
        await PassAsync(node, TimeSpan.FromSeconds(52));
        (await client.ClosedAsync()).Should().Be(CloseCode.Silent);
    }

    [Fact]
    public async Task A_client_that_only_reads_a_busy_channel_is_pinged_too_and_stays()
    {
        await using var node = await StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        for (var heartbeat = 0; heartbeat < 4; heartbeat++)
        {
            for (var part = 0; part < 5; part++)
            {
                await node.Messaging.Messages.SendAsync("a", new OutgoingMessage { Text = "news" }, cancellationToken: TestContext.Current.CancellationToken);
                await client.WaitForAsync("event");
                await PassAsync(node, TimeSpan.FromSeconds(5));
            }

            await client.WaitForAsync("ping");
            await client.SendAsync("""{"type":"pong"}""");
            while (engine.Sessions.All.Single().LastHeard < engine.Clock.Now) await Task.Yield();
        }
    }

    [Fact]
    public async Task A_sign_in_that_expires_closes_unless_it_was_refreshed()
    {
        // A sign-in ends by the clock, which nobody sets here.
        await using var node = await TestNode.StartAsync(
            builder => builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>(), time: new SetClock(_time));
        await using var client = new TestClient(node.Transport.Connect(token: null));
        (await client.RequestAsync(Connect("ann", 20), 1)).GetProperty("user").GetString().Should().Be("ann");
        (await client.RequestAsync("""{"type":"refresh","id":2,"token":"nobody"}""", 2)).GetProperty("code").GetString().Should().Be("unauthenticated");
        (await client.RequestAsync(Refresh(3, "bob", 60), 3)).GetProperty("code").GetString().Should().Be("forbidden");
        (await client.RequestAsync(Refresh(4, "ann", 40), 4)).TryGetProperty("expires", out _).Should().BeTrue();
        await PassAsync(node, TimeSpan.FromSeconds(22));
        (await client.RequestAsync("""{"type":"ping","id":5}""", 5)).GetProperty("type").GetString().Should().Be("ok");
        await PassAsync(node, TimeSpan.FromSeconds(22));
        (await client.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Fact]
    public async Task A_token_that_names_another_user_than_the_transport_is_refused()
    {
        await using var node = await StartAsync(builder => builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>());
        await using var client = new TestClient(node.Transport.Connect("ann"));
        (await client.RequestAsync(Connect("bob", 99), 1)).GetProperty("code").GetString().Should().Be("unauthenticated");
        (await client.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task A_token_past_its_time_is_refused_and_the_old_sign_in_stays(int seconds)
    {
        await using var node = await TestNode.StartAsync(
            builder => builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>(), time: new SetClock(_time));
        await using var late = new TestClient(node.Transport.Connect(token: null));
        (await late.RequestAsync(Connect("ann", seconds), 1)).GetProperty("code").GetString().Should().Be("unauthenticated");
        (await late.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
        await using var client = new TestClient(node.Transport.Connect(token: null));
        await client.RequestAsync(Connect("ann", 40), 1);
        (await client.RequestAsync(Refresh(2, "ann", seconds), 2)).GetProperty("code").GetString().Should().Be("unauthenticated");
        await PassAsync(node, TimeSpan.FromSeconds(22));
        (await client.RequestAsync("""{"type":"ping","id":3}""", 3)).GetProperty("type").GetString().Should().Be("ok");
    }

    [Theory]
    [InlineData("ann", null, "ann")]
    [InlineData("ann", "ann", "ann")]
    [InlineData("ann", "bob", null)]
    [InlineData("late", "bob", "bob")]
    [InlineData("late", null, null)]
    [InlineData("ann", "late", null)]
    public async Task A_token_in_the_address_and_one_in_the_frame_must_be_the_same_users(string inAddress, string? inFrame, string? user)
    {
        await using var node = await TestNode.StartAsync(
            builder => builder.UseInMemoryStore().UseAuthenticator<TokenAuthenticator>(), time: new SetClock(_time));
        await using var client = new TestClient(node.Transport.Connect(token: Shown(inAddress, 90)));
        var reply = await client.RequestAsync(
            inFrame is null ? """{"type":"connect","id":1}""" : $$"""{"type":"connect","id":1,"token":"{{Shown(inFrame, 99)}}"}""", 1);
        (reply.TryGetProperty("user", out var found) ? found.GetString() : null).Should().Be(user);
        if (user is null) reply.GetProperty("code").GetString().Should().Be("unauthenticated");

        string Shown(string whose, int seconds) => whose == "late" ? Token("ann", -1) : Token(whose, seconds);
    }

    [Fact]
    public async Task A_user_who_does_nothing_falls_away_and_comes_back()
    {
        await using var node = await StartAsync();
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var ann = await node.ConnectAsync("ann");
        await using var bob = await node.ConnectAsync("bob");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        for (var minute = 0; minute < 11; minute++)
        {
            // Ann answers pings only; Bob goes on asking.
            await PassAsync(node, TimeSpan.FromSeconds(30));
            await ann.SendAsync("""{"type":"pong"}""");
            while (engine.Sessions.All.Single(session => session.User == "ann").LastHeard < engine.Clock.Now) await Task.Yield();
            await bob.RequestAsync("""{"type":"ping","id":3}""", 3);
        }

        await StatusAsync(bob, "ann", "away");
        await ann.RequestAsync("""{"type":"ping","id":4}""", 4);
        await StatusAsync(bob, "ann", "online");
    }

    [Fact]
    public async Task A_user_may_have_so_many_connections()
    {
        await using var node = await StartAsync(configure: options => options.ConnectionsPerUser = 1);
        await using var first = await node.ConnectAsync("ann");
        await using var second = new TestClient(node.Transport.Connect("ann"));
        (await second.RequestAsync("""{"type":"connect","id":1}""", 1)).GetProperty("code").GetString().Should().Be("too_many");
        (await second.ClosedAsync()).Should().Be(CloseCode.LimitsAbused);
        await using var other = await node.ConnectAsync("bob");
    }

    [Fact]
    public async Task A_stopping_node_says_reconnect_answers_what_it_received_and_closes_with_1001()
    {
        await using var node = await TestNode.StartAsync(configure: options => options.DrainPeriod = TimeSpan.FromMilliseconds(200));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        var stopping = node.StopAsync();
        (await client.WaitForAsync("reconnect")).GetProperty("within").GetInt64().Should().Be(200);
        (await client.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "last"), 2)).GetProperty("type").GetString().Should().Be("published");
        (await client.ClosedAsync()).Should().Be(CloseCode.GoingAway);
        await stopping;
    }

    [Fact]
    public async Task A_request_that_was_received_before_the_node_closes_is_answered_first()
    {
        var inner = new InMemoryStore();
        var (store, release) = (new FaultyStore(inner), new TaskCompletionSource());
        store.HoldHistory = (release.Task, new TaskCompletionSource());
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(store);
            builder.Services.AddSingleton<IChannelStore>(inner);
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        await client.SendAsync("""{"type":"history","id":2,"channel":"a"}""" + "\n" + """{"type":"ping","id":3}""");
        await store.HoldHistory.Waits.Task;
        var stopping = node.StopAsync();
        await client.WaitForAsync("reconnect");
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        while (!engine.Sessions.All.All(session => session.IsLeaving)) await Task.Yield();
        release.SetResult();

        (await client.ReplyAsync(2)).GetProperty("type").GetString().Should().Be("history");
        (await client.ReplyAsync(3)).GetProperty("type").GetString().Should().Be("ok");
        (await client.ClosedAsync()).Should().Be(CloseCode.GoingAway);
        await stopping;
    }

    [Fact]
    public async Task The_application_can_disconnect_a_user()
    {
        await using var node = await StartAsync();
        await using var client = await node.ConnectAsync("ann");
        (await node.Messaging.Users.GetConnectionCountAsync("ann", TestContext.Current.CancellationToken)).Should().Be(1);
        (await node.Messaging.Users.DisconnectAsync("ann", cancellationToken: TestContext.Current.CancellationToken)).Should().Be(1);
        (await client.ClosedAsync()).Should().Be(CloseCode.Disconnected);
    }

    [Fact]
    public async Task A_session_whose_peer_neither_reads_nor_goes_away_ends_all_the_same()
    {
        await using var node = await StartAsync();
        var connection = new StuckConnection();
        var session = node.Services.GetRequiredService<IConnectionHandler>().HandleAsync(connection, CancellationToken.None);
        await connection.Sending.Task;
        connection.Received.SetResult(ReceiveResult.Closed);
        while (!session.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await session;
        connection.IsAborted.Should().BeTrue();
    }

    [Fact]
    public async Task A_transport_that_fails_to_end_one_connection_leaves_the_others_their_heartbeat()
    {
        await using var node = await StartAsync();
        await using var client = await node.ConnectAsync("ann");
        var connection = new StuckConnection { AbortFails = true };
        var session = node.Services.GetRequiredService<IConnectionHandler>().HandleAsync(connection, CancellationToken.None);
        await connection.Sending.Task;
        // Its sign-in comes too late, it does not take the close, and then it cannot be ended.
        await PassAsync(node, TimeSpan.FromSeconds(20));
        connection.IsAborted.Should().BeTrue();
        await PassAsync(node, TimeSpan.FromSeconds(5));
        await client.WaitForAsync("ping");
        node.Log.Entries.Should().Contain(entry => entry.Text.Contains("The transport failed to end connection", StringComparison.Ordinal));
        connection.Received.SetResult(ReceiveResult.Closed);
        connection.LetGo();
        await session;
    }

    [Fact]
    public async Task A_node_that_was_stopped_for_a_while_holds_nobodys_silence_meanwhile_against_him()
    {
        await using var node = await StartAsync();
        await using var signedIn = await node.ConnectAsync("ann");
        await using var coming = new TestClient(node.Transport.Connect("bob"));
        await coming.RequestAsync("""{"type":"ping","id":1}""", 1);
        await StopAndWakeAsync(node, TimeSpan.FromMinutes(2));
        (await coming.RequestAsync("""{"type":"connect","id":2}""", 2)).GetProperty("type").GetString().Should().Be("connected");
        (await signedIn.RequestAsync("""{"type":"ping","id":2}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        // From then on the rules are the old ones.
        await using var silent = new TestClient(node.Transport.Connect("carl"));
        await silent.RequestAsync("""{"type":"ping","id":1}""", 1);
        await PassAsync(node, TimeSpan.FromSeconds(13));
        (await silent.ClosedAsync()).Should().Be(CloseCode.Unauthenticated);
    }

    [Fact]
    public async Task A_host_without_a_store_fails_at_start_and_names_the_packages()
    {
        var start = () => TestNode.StartAsync(_ => { });
        (await start.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*RealtimeKit.Sqlite*RealtimeKit.InMemory*");
    }

    [Fact]
    public async Task Wrong_options_fail_at_start_and_are_all_named()
    {
        var start = () => TestNode.StartAsync(configure: options =>
        {
            options.Heartbeat = TimeSpan.Zero;
            options.SystemUser = " not valid";
        });
        (await start.Should().ThrowAsync<OptionsValidationException>()).WithMessage("*Heartbeat*SystemUser*");
    }

    private Task<TestNode> StartAsync(Action<RealtimeMessagingBuilder>? build = null, Action<RealtimeOptions>? configure = null) =>
        TestNode.StartAsync(build, configure, _time);

    // The heartbeat ticks once a second: time passes in such steps, each seen by the node before the next.
    private async Task PassAsync(TestNode node, TimeSpan duration)
    {
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        for (var second = 0; second < duration.TotalSeconds; second++)
        {
            var before = engine.Clock.Now;
            _time.Advance(TimeSpan.FromSeconds(1));
            await Until.TrueAsync(() => engine.Clock.Now != before, "the heartbeat goes on");
        }
    }

    // As a suspended machine: time passes all at once.
    private async Task StopAndWakeAsync(TestNode node, TimeSpan stop)
    {
        var engine = node.Services.GetRequiredService<RealtimeNode>();
        var before = engine.Clock.Now;
        _time.Advance(stop);
        await Until.TrueAsync(() => engine.Clock.Now != before, "the heartbeat goes on");
        await PassAsync(node, TimeSpan.FromSeconds(2));
    }

    private static async Task StatusAsync(TestClient reader, string user, string status)
    {
        var signal = await reader.WaitAsync(
            frame => frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "presence"
                && frame.GetProperty("data").GetProperty("status").GetString() == status, status);
        signal.GetProperty("user").GetString().Should().Be(user);
    }

    private string Connect(string user, int seconds) => $$"""{"type":"connect","id":1,"token":"{{Token(user, seconds)}}"}""";

    private string Refresh(long id, string user, int seconds) => $$"""{"type":"refresh","id":{{id}},"token":"{{Token(user, seconds)}}"}""";

    private string Token(string user, int seconds) => $"{user} {_time.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds()}";
}

/// <summary>Tokens of the form "user expiry"; a principal is its name.</summary>
internal sealed class TokenAuthenticator : IAuthenticator
{
    public ValueTask<SignIn?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.Principal is { } principal) return ValueTask.FromResult<SignIn?>(new SignIn(principal.Claims.First().Value));
        var parts = credentials.Token!.Split(' ');
        return ValueTask.FromResult(parts.Length == 2
            ? new SignIn(parts[0], DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)))
            : null);
    }
}

/// <summary>A connection that sends one request, then takes nothing of what it is sent until it is aborted.</summary>
internal sealed class StuckConnection : ITransportConnection
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _asked;

    /// <summary>Whether an abort fails, and ends nothing.</summary>
    public bool AbortFails { get; init; }

    public TaskCompletionSource Sending { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<ReceiveResult> Received { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsAborted { get; private set; }

    public System.Security.Claims.ClaimsPrincipal? Principal => null;

    public DateTimeOffset? PrincipalExpires => null;

    public string? Token => null;

    public async ValueTask<ReceiveResult> ReceiveAsync(System.Buffers.IBufferWriter<byte> buffer, int limit, CancellationToken cancellationToken)
    {
        if (_asked) return await Received.Task;
        _asked = true;
        System.Buffers.BuffersExtensions.Write(buffer, """{"type":"ping","id":1}"""u8);
        return ReceiveResult.Message;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        Sending.TrySetResult();
        await _end.Task;
        throw new IOException("Aborted.");
    }

    public ValueTask CloseAsync(CloseCode code, string reason, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void Abort()
    {
        IsAborted = true;
        ObjectDisposedException.ThrowIf(AbortFails, this);
        LetGo();
    }

    /// <summary>Ends what waits to be sent.</summary>
    public void LetGo() => _end.TrySetResult();
}
