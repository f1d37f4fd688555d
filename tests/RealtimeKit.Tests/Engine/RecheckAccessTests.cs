using System.Collections.Concurrent;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Rights that only the application's own authorizer knows, and what happens when it says that they changed.</summary>
public sealed class RecheckAccessTests
{
    private readonly InMemoryStore _store = new();
    private readonly Rules _rules = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Subscriptions_end_and_nothing_is_written_any_more_on_every_node(bool withBroker, bool onlyOne)
    {
        var network = new InMemoryBrokerNetwork();
        await using var here = await StartAsync(withBroker ? network : null);
        await using var there = await StartAsync(withBroker ? network : null);
        await here.Messaging.Channels.EnsureAsync("room", cancellationToken: Cancel);
        await using var bob = await there.ConnectAsync("bob");
        await using var eve = await there.ConnectAsync("eve");
        foreach (var client in new[] { bob, eve })
        {
            await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"room"}""", 2);
            (await PublishAsync(client, 3)).Should().Be("published");
        }

        _rules.Refused.TryAdd("bob", true);
        await here.Messaging.Channels.RecheckAccessAsync("room", onlyOne ? "bob" : null, Cancel);
        (await PublishAsync(bob, 4)).Should().Be("not_found");
        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("denied");
        (await PublishAsync(eve, 4)).Should().Be("published");
        (await eve.RequestAsync("""{"type":"unsubscribe","id":5,"channel":"room"}""", 5)).GetProperty("type").GetString().Should().Be("ok");
        (await _store.FindAsync("room", "eve", Cancel))!.Head.Sequence.Should().Be(3);
        await FluentActions.Awaiting(() => here.Messaging.Channels.RecheckAccessAsync("nowhere", null, Cancel)).Should().ThrowAsync<ChannelNotFoundException>();
    }

    private Task<TestNode> StartAsync(InMemoryBrokerNetwork? network) => TestNode.StartAsync(
        builder =>
        {
            // As a store that several nodes share, whether or not they hear each other.
            builder.Services.AddSingleton<IMessageStore>(new Shared(_store));
            builder.Services.AddSingleton<IChannelStore>(_store);
            builder.Services.AddSingleton<IChannelAuthorizer>(_rules);
            if (network is not null) builder.UseInMemoryBroker(network);
        },
        options => options.RepairInterval = TimeSpan.FromSeconds(1));

    private static async Task<string> PublishAsync(TestClient client, long id)
    {
        JsonElement reply = await client.RequestAsync(
            $$$"""{"type":"publish","id":{{{id}}},"channel":"room","message":{"id":"{{{Guid.NewGuid()}}}","text":"x"}}""", id);
        return (reply.TryGetProperty("code", out var code) ? code : reply.GetProperty("type")).GetString()!;
    }

    private sealed class Rules : IChannelAuthorizer
    {
        private readonly DefaultChannelAuthorizer _others = new(Options.Create(new RealtimeOptions()));

        public ConcurrentDictionary<string, bool> Refused { get; } = new();

        public ValueTask<Access> AuthorizeAsync(AccessRequest request, CancellationToken cancellationToken) =>
            Refused.ContainsKey(request.User) ? ValueTask.FromResult(Access.Hidden) : _others.AuthorizeAsync(request, cancellationToken);
    }

    private sealed class Shared(InMemoryStore inner) : IMessageStore
    {
        public bool IsShared => true;

        public ValueTask<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<MessageChange> changes, CancellationToken cancellationToken) =>
            inner.AppendAsync(changes, cancellationToken);

        public ValueTask<MessagePage?> ReadChangesAsync(string channel, long afterVersion, PageLimit limit, CancellationToken cancellationToken) =>
            inner.ReadChangesAsync(channel, afterVersion, limit, cancellationToken);

        public ValueTask<MessagePage?> ReadHistoryAsync(HistoryQuery query, CancellationToken cancellationToken) => inner.ReadHistoryAsync(query, cancellationToken);

        public ValueTask<IReadOnlyList<ChannelHead>> ReadHeadsAsync(IReadOnlyCollection<string> channels, CancellationToken cancellationToken) =>
            inner.ReadHeadsAsync(channels, cancellationToken);
    }
}
