using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Protocol;
using RealtimeKit.Tests.Engine;
using RealtimeKit.Tests.Stores;
using Xunit;

namespace RealtimeKit.Tests.Brokers;

/// <summary>Two nodes on one PostgreSQL, as in a rolling update, without a broker: within the repair interval each has the other's changes.</summary>
public sealed class PostgreSqlNodesWithoutBrokerTests : IAsyncLifetime
{
    private TemporarySchema _schema = null!;
    private TestNode _here = null!;
    private TestNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await TemporarySchema.CreateAsync();
        (_here, _there) = (await StartAsync(), await StartAsync());
        await _here.Messaging.Channels.EnsureAsync("p", ChannelKind.Private, cancellationToken: Cancel);
        foreach (var user in new[] { "ann", "eve" }) await _here.Messaging.Members.AddAsync("p", user, cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
        await _schema.DisposeAsync();
    }

    [Fact]
    public async Task Messages_and_rights_cross()
    {
        await using var ann = await SubscribeAsync("ann");
        await using var eve = await SubscribeAsync("eve");
        await _here.Messaging.Messages.SendAsync("p", new OutgoingMessage { Text = "1" }, cancellationToken: Cancel);
        foreach (var client in new[] { ann, eve })
            (await client.WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("1");

        await using var eveHere = await _here.ConnectAsync("eve");
        (await eveHere.RequestAsync("""{"type":"leave","id":2,"channel":"p"}""", 2)).GetProperty("type").GetString().Should().Be("ok");
        (await eve.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
        await _here.Messaging.Messages.SendAsync("p", new OutgoingMessage { Text = "a secret" }, cancellationToken: Cancel);
        (await ann.WaitForAsync("changes")).GetProperty("messages")[0].GetProperty("text").GetString().Should().Be("a secret");
        (await eve.RequestAsync("""{"type":"history","id":3,"channel":"p"}""", 3)).GetProperty("code").GetString().Should().Be("not_found");
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(
        builder => builder.UsePostgreSqlStore(_schema.ConnectionString, options => options.Schema = _schema.Name),
        options => options.RepairInterval = TimeSpan.FromMilliseconds(500));

    private async Task<TestClient> SubscribeAsync(string user)
    {
        var client = await _there.ConnectAsync(user);
        (await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"p"}""", 2)).GetProperty("type").GetString().Should().Be("subscribed");
        return client;
    }
}
