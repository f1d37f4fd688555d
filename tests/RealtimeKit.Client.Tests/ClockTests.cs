using Microsoft.Extensions.Time.Testing;

namespace RealtimeKit.Client.Tests;

/// <summary>The machine's clock is set while the client runs; what it measures are durations.</summary>
public sealed class ClockTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_clock_that_is_set_changes_no_duration(int hours)
    {
        var time = new SettableClock();
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options => options.TimeProvider = time);
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync();
        await client.UntilAsync(ConnectionStatus.Connected);
        var lobby = client.Channel("lobby");
        lobby.Typing();
        await connection.ReadAsync("signal");

        time.Set(TimeSpan.FromHours(hours));
        lobby.Typing();
        await connection.SettledAsync();
        time.Advance(TimeSpan.FromSeconds(3));
        lobby.Typing();
        await connection.ReadAsync("signal");

        // The server sends something every 25 s: the connection lasts. Then it is silent for 50 s, and is left.
        for (var i = 0; i < 4; i++)
        {
            await connection.SettledAsync();
            time.Advance(TimeSpan.FromSeconds(25));
        }

        await connection.SettledAsync();
        client.State.Status.Should().Be(ConnectionStatus.Connected);
        var history = client.Channel("lobby").HistoryAsync(cancellationToken: Token);
        await connection.ReadAsync("history");
        time.Advance(TimeSpan.FromSeconds(30));
        await history.InTime().Invoking(task => task).Should().ThrowAsync<TimeoutException>();
        var waiting = client.NextAsync(ConnectionStatus.Waiting);
        time.Advance(TimeSpan.FromSeconds(20));
        await waiting;
    }

    /// <summary>A clock in the test's hand, whose time of day is set without any time passing.</summary>
    private sealed class SettableClock : FakeTimeProvider
    {
        private TimeSpan _offset;

        public void Set(TimeSpan by) => _offset += by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
