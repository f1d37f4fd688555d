using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>When who came is told to those who are there, with the clock in the test's hand.</summary>
public sealed class PresenceTellingTests
{
    private const int Many = 17;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);
    private readonly FakeTimeProvider _time = new();
    private readonly List<TestClient> _clients = [];

    [Fact]
    public async Task A_few_are_told_after_a_twentieth_of_a_second()
    {
        await using var node = await StartAsync();
        var reader = await SubscribeAsync(node, "reader");
        _time.Advance(Window);
        await ArriveAsync(node, 1, "guest");
        (await ToldAsync(reader)).Should().Be(0);
        _time.Advance(Window);
        (await ToldAsync(reader)).Should().Be(1);
        await LeaveAsync();
    }

    [Fact]
    public async Task Many_are_told_together_once_no_more_come()
    {
        await using var node = await StartAsync();
        var reader = await SubscribeAsync(node, "reader");
        _time.Advance(Window);
        await ArriveAsync(node, Many, "guest");
        _time.Advance(Window);
        (await ToldAsync(reader)).Should().Be(0);
        _time.Advance(Window);
        (await ToldAsync(reader)).Should().Be(Many);
        await LeaveAsync();
    }

    [Fact]
    public async Task While_many_keep_coming_they_are_told_once_a_second()
    {
        await using var node = await StartAsync();
        var reader = await SubscribeAsync(node, "reader");
        _time.Advance(Window);
        for (var window = 1; window <= 20; window++)
        {
            (await ToldAsync(reader)).Should().Be(0, $"window {window} has not ended");
            await ArriveAsync(node, Many, $"guest-{window}");
            _time.Advance(Window);
        }

        (await ToldAsync(reader)).Should().Be(20 * Many);
        await LeaveAsync();
    }

    private async Task<TestNode> StartAsync()
    {
        var node = await TestNode.StartAsync(configure: options => options.PresenceSignalsUpTo = 1_000, time: _time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        return node;
    }

    private async Task<TestClient> SubscribeAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        // Whoever is answered is counted; that this was noted for telling is sure when the next request is answered.
        await client.RequestAsync("""{"type":"ping","id":3}""", 3);
        _clients.Add(client);
        return client;
    }

    private async Task ArriveAsync(TestNode node, int count, string name)
    {
        for (var guest = 0; guest < count; guest++) await SubscribeAsync(node, $"{name}-{guest}");
    }

    /// <summary>How many were told since the last time: what comes before the answer to a request that is sent now.</summary>
    private static async Task<int> ToldAsync(TestClient reader)
    {
        await reader.SendAsync("""{"type":"ping","id":3}""");
        for (var told = 0; ; told++)
        {
            var frame = (await reader.ReadAsync())!.Value;
            if (frame.GetProperty("type").GetString() == "ok") return told;
            frame.GetProperty("name").GetString().Should().Be("presence");
            Status(frame).Should().Be("online");
        }
    }

    private static string? Status(JsonElement signal) => signal.GetProperty("data").GetProperty("status").GetString();

    private async Task LeaveAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
    }
}
