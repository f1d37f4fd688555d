using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace RealtimeKit.Client.Tests;

/// <summary>The application's token provider may be slow, and the client's clock wrong.</summary>
public sealed class TokenTests
{
    private static readonly DateTimeOffset ServerStart = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task A_provider_that_never_answers_a_refresh_does_not_keep_a_lost_connection()
    {
        var time = new FakeTimeProvider();
        await using var server = await ScriptedServer.StartAsync();
        var (asked, end) = (0, TestContext.Current.CancellationToken);
        await using var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.ConnectTimeout = TimeSpan.FromHours(1); // The clock runs while it signs in.
            options.TokenProvider = _ => Interlocked.Increment(ref asked) == 2 ? NeverAsync(end) : ValueTask.FromResult<string?>("token");
        });
        _ = client.ConnectAsync(Token);
        var first = await server.AcceptSignedInAsync(",\"expires\":\"2026-01-01T00:00:20.000Z\"");
        await AdvanceUntilAsync(time, () => Volatile.Read(ref asked) == 2, "the provider is asked to refresh");
        var waiting = client.NextAsync(ConnectionStatus.Waiting);
        await first.CutAsync();
        await waiting;
        var second = server.AcceptSignedInAsync();
        await AdvanceUntilAsync(time, () => second.IsCompleted, "it connects again");
        await client.UntilAsync(ConnectionStatus.Connected);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_provider_that_never_answers_ends_the_attempt_in_time()
    {
        var time = new FakeTimeProvider();
        var (asked, end) = (0, TestContext.Current.CancellationToken);
        await using var client = Clients.Make(new Uri("ws://127.0.0.1:1/realtime"), options =>
        {
            options.TimeProvider = time;
            options.TokenProvider = _ =>
            {
                Interlocked.Increment(ref asked);
                return NeverAsync(end);
            };
        });
        _ = client.ConnectAsync(Token);
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) == 1, "the provider is asked");
        var waiting = client.NextAsync(ConnectionStatus.Waiting);
        time.Advance(TimeSpan.FromSeconds(15));
        await waiting;
        await AdvanceUntilAsync(time, () => Volatile.Read(ref asked) == 2, "the provider is asked again");
        await client.CloseAsync().InTime();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Expiry_is_measured_by_the_servers_clock(int hoursAhead)
    {
        var start = ServerStart.AddHours(hoursAhead);
        var time = new FakeTimeProvider(start);
        await using var server = await ScriptedServer.StartAsync();
        await using var client = Clients.Make(server.Endpoint, options =>
        {
            options.TimeProvider = time;
            options.ConnectTimeout = TimeSpan.FromHours(1); // The clock runs while it signs in.
            options.TokenProvider = _ => ValueTask.FromResult<string?>("token");
        });
        _ = client.ConnectAsync(Token);
        var connection = await server.AcceptSignedInAsync(",\"expires\":\"2026-01-01T00:00:20.000Z\"");
        var refresh = connection.ReadAsync("refresh");
        await AdvanceUntilAsync(time, () => refresh.IsCompleted, "the first refresh comes");
        var answered = time.GetUtcNow();
        var expires = ServerStart + (answered - start) + TimeSpan.FromSeconds(20);
        var text = expires.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        await connection.SendAsync($$"""{"type":"ok","id":{{(await refresh).Id}},"expires":"{{text}}"}""");
        refresh = connection.ReadAsync("refresh");
        await AdvanceUntilAsync(time, () => refresh.IsCompleted, "the second refresh comes");
        await refresh;
        (time.GetUtcNow() - answered).Should().BeGreaterThan(TimeSpan.FromSeconds(10), "the sign-in lives for 20 seconds");
    }

    private static Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition, string because) =>
        Eventually.TrueAsync(
            () =>
            {
                if (condition()) return true;
                time.Advance(TimeSpan.FromMilliseconds(100));
                return false;
            }, because);

    // Like an application that does not look at the token it is given; it ends with the test.
    private static async ValueTask<string?> NeverAsync(CancellationToken end)
    {
        await Task.Delay(Timeout.Infinite, end);
        return null;
    }
}
