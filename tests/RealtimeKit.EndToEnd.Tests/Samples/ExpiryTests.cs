using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Client;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Samples;

/// <summary>A sign-in by token ends with the token, unless `refresh` brought another one before.</summary>
[Collection(nameof(OrderDeskCollection))]
public sealed class ExpiryTests(OrderDeskProcess desk) : ProtocolTest(desk)
{
    // A token's times are whole seconds.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3);

    private readonly TokenMaker _make = new(desk.Key);

    [Fact]
    public async Task An_expired_sign_in_is_closed_with_4401_and_not_before()
    {
        var (socket, connected) = await SignInAsync(_make.Make("ann", Short));
        (await socket.WaitForCloseAsync()).Should().Be(4401);
        TimeProvider.System.GetUtcNow().Should().BeOnOrAfter(
            DateTimeOffset.Parse(connected.Time("expires"), CultureInfo.InvariantCulture));
        socket.Log[^1].ShouldBeError("unauthenticated");
    }

    [Fact]
    public async Task A_refresh_in_time_keeps_the_connection_and_its_subscriptions()
    {
        var (_, channel) = await desk.PlaceAsync("ann");
        var token = _make.Make("ann", Short);
        var (refreshed, _) = await SignInAsync(token);
        var (other, _) = await SignInAsync(token);
        await SubscribeAsync(refreshed, channel);
        var reply = (await refreshed.RequestAsync("refresh", new { token = _make.Make("ann", TimeSpan.FromMinutes(5)) })).ShouldBe("ok");
        DateTimeOffset.Parse(reply.Time("expires"), CultureInfo.InvariantCulture).Should().BeAfter(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(4));
        // The other one, of the same token, tells that its time is over.
        (await other.WaitForCloseAsync()).Should().Be(4401);
        await PublishAsync(refreshed, channel, "still here");
        (await NextEventAsync(refreshed, channel)).ShouldBeEvent(channel, "posted", 1);
    }

    [Fact]
    public async Task A_refresh_by_another_users_token_is_forbidden_and_by_a_bad_one_unauthenticated_and_the_old_sign_in_ends_in_its_time()
    {
        var (socket, _) = await SignInAsync(_make.Make("ann", Short));
        (await socket.RequestAsync("refresh", new { token = _make.Make("bob") })).ShouldBeError("forbidden");
        (await socket.RequestAsync("refresh", new { token = _make.Make("ann", TimeSpan.FromSeconds(-1)) })).ShouldBeError("unauthenticated");
        (await socket.RequestAsync("refresh", new { token = TokenMaker.Signed("none", TokenMaker.Payload("ann"), _ => []) })).ShouldBeError("unauthenticated");
        await PassAsync(socket);
        (await socket.WaitForCloseAsync()).Should().Be(4401);
    }

    [Fact]
    public async Task The_client_refreshes_by_itself_and_its_connection_outlives_its_tokens()
    {
        var tokens = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var states = new ConcurrentQueue<ConnectionStatus>();
        await using var client = new RealtimeClient(desk.Endpoint, new RealtimeClientOptions
        {
            TokenProvider = _ =>
            {
                // The third refresh comes when the first two tokens are over.
                if (Interlocked.Increment(ref tokens) == 4) enough.SetResult();
                return ValueTask.FromResult<string?>(_make.Make("ann", Short));
            },
        });
        client.StateChanged += (_, state) => states.Enqueue(state.Status);
        await client.ConnectAsync(TestContext.Current.CancellationToken);
        await enough.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await client.ChannelsAsync(cancellationToken: TestContext.Current.CancellationToken);
        states.Should().Equal(ConnectionStatus.Connecting, ConnectionStatus.Connected);
    }

    private async Task<(RawClient Socket, JsonElement Connected)> SignInAsync(string token)
    {
        var socket = await OpenAnonymousAsync();
        return (socket, (await socket.RequestAsync("connect", new { token })).ShouldBe("connected"));
    }
}
