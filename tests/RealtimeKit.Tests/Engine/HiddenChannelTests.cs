using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>A channel that a user may not see is answered like one that does not exist: by the same code, after the same work.</summary>
public sealed class HiddenChannelTests
{
    private const int Times = 20;
    private int _finds;
    private bool _isAway;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_publish_to_a_hidden_channel_asks_the_store_as_for_a_missing_one()
    {
        await using var node = await StartAsync();
        await using var eve = await node.ConnectAsync("eve");
        (await PublishAsync(eve, "vault")).Should().Be(Times);
        (await PublishAsync(eve, "nothing")).Should().Be(Times);
    }

    [Fact]
    public async Task While_the_store_is_away_both_are_unavailable()
    {
        await using var node = await StartAsync();
        await using var eve = await node.ConnectAsync("eve");
        await PublishAsync(eve, "vault");
        await PublishAsync(eve, "nothing");
        _isAway = true;
        (await CodeAsync(eve, 900, "vault")).Should().Be("unavailable");
        (await CodeAsync(eve, 901, "nothing")).Should().Be("unavailable");
    }

    private async Task<int> PublishAsync(TestClient client, string channel)
    {
        var before = _finds;
        for (var n = 0; n < Times; n++) (await CodeAsync(client, 10 + n, channel)).Should().Be("not_found");
        return _finds - before;
    }

    private static async Task<string?> CodeAsync(TestClient client, long id, string channel) =>
        (await client.RequestAsync(PublishOrderTests.Publish(id, channel, Guid.NewGuid(), "x"), id)).GetProperty("code").GetString();

    private async Task<TestNode> StartAsync()
    {
        var memory = new InMemoryStore();
        var directory = new FaultyDirectory(memory);
        var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(memory);
            builder.Services.AddSingleton<IChannelStore>(directory);
        });
        await node.Messaging.Channels.EnsureAsync("vault", ChannelKind.Private, owner: "ann", cancellationToken: Cancel);
        directory.Found = _ =>
        {
            _finds++;
            return _isAway ? throw new StoreUnavailableException("The test took the directory away.") : Task.CompletedTask;
        };
        return node;
    }
}
