using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.Brokers;
using RealtimeKit.InMemory;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Two nodes on one store and one broker: what one commits the readers of the other see, whatever the broker does.</summary>
public sealed class TwoNodeTests
{
    private readonly InMemoryStore _store = new();
    private readonly InMemoryBrokerNetwork _network = new();

    [Fact]
    public async Task Events_signals_and_revocations_pass_from_node_to_node()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await here.Messaging.Channels.EnsureAsync("p", Protocol.ChannelKind.Private, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var user in new[] { "ann", "bob" })
            await here.Messaging.Members.AddAsync("p", user, cancellationToken: TestContext.Current.CancellationToken);
        await using var ann = await here.ConnectAsync("ann");
        await using var bob = await there.ConnectAsync("bob");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"p"}""", 2);
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"p"}""", 2);

        await ann.SendAsync(PublishOrderTests.Publish(3, "p", Guid.NewGuid(), "over there"));
        (await bob.WaitForAsync("event")).GetProperty("message").GetProperty("text").GetString().Should().Be("over there");
        await ann.SendAsync("""{"type":"signal","channel":"p","name":"typing"}""");
        (await bob.WaitAsync(frame => IsSignal(frame, "typing"), "typing")).GetProperty("user").GetString().Should().Be("ann");
        await here.Messaging.Members.RemoveAsync("p", "bob", cancellationToken: TestContext.Current.CancellationToken);
        (await bob.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("removed");
        (await bob.RequestAsync(PublishOrderTests.Publish(4, "p", Guid.NewGuid(), "still here?"), 4)).GetProperty("code").GetString().Should().Be("not_found");
    }

    [Fact]
    public async Task A_hole_in_what_the_broker_carried_is_read_from_the_store()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await here.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var bob = await there.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        await SendAsync(here, "1");
        _network.Copies = _ => 0;
        await SendAsync(here, "2");
        await SendAsync(here, "3");
        _network.Copies = _ => 2;
        await SendAsync(here, "4");

        var seen = new List<string>();
        while (seen.LastOrDefault() != "4") seen.AddRange(Texts((await bob.ReadAsync())!.Value));
        seen.Should().Equal("1", "2", "3", "4");
    }

    [Fact]
    public async Task A_broker_that_comes_back_makes_the_nodes_compare_themselves_with_the_store()
    {
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        await here.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var bob = await there.ConnectAsync("bob");
        await bob.RequestAsync("""{"type":"subscribe","id":2,"channel":"a"}""", 2);
        _network.Online = false;
        await SendAsync(here, "while it was away");
        _network.Online = true;

        var changes = await bob.WaitForAsync("changes");
        Texts(changes).Should().Equal("while it was away");
        changes.GetProperty("more").GetBoolean().Should().BeFalse();
    }

    [Fact]
    public async Task A_broker_that_fails_holds_back_no_acknowledgement()
    {
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.UseInMemoryStore(_store);
            builder.Services.AddSingleton<IMessageBroker, FailingBroker>();
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var ann = await node.ConnectAsync("ann");
        var answer = await ann.RequestAsync(PublishOrderTests.Publish(2, "a", Guid.NewGuid(), "stored"), 2).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        answer.GetProperty("type").GetString().Should().Be("published");
        node.Log.Entries.Should().Contain(entry => entry.Text.Contains("stored but could not be distributed", StringComparison.Ordinal));
    }

    private Task<TestNode> StartAsync() => TestNode.StartAsync(builder => builder.UseInMemoryStore(_store).UseInMemoryBroker(_network));

    private static Task SendAsync(TestNode node, string text) =>
        node.Messaging.Messages.SendAsync("a", new Protocol.OutgoingMessage { Text = text }, cancellationToken: TestContext.Current.CancellationToken);

    private static bool IsSignal(JsonElement frame, string name) =>
        frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == name;

    private static IEnumerable<string> Texts(JsonElement frame) => frame.GetProperty("type").GetString() switch
    {
        "event" => [frame.GetProperty("message").GetProperty("text").GetString()!],
        "changes" => frame.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("text").GetString()!),
        _ => [],
    };

    private sealed class FailingBroker : IMessageBroker
    {
        public ValueTask StartAsync(IBrokerReceiver receiver, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void Publish(string channel, ReadOnlySpan<byte> payload)
        {
            if (channel == "a") throw new InvalidOperationException("The test's broker fails.");
        }

        public ValueTask SubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask UnsubscribeAsync(string channel, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
