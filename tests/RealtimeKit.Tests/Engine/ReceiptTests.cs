using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Who receives the signal <c>read</c>, on two nodes, and what it costs.</summary>
public sealed class ReceiptTests : IAsyncLifetime
{
    private readonly InMemoryStore _store = new();
    private readonly FaultyDirectory _directory;
    private readonly InMemoryBrokerNetwork _network = new();
    private readonly List<TestClient> _clients = [];
    private TestNode _here = null!;
    private TestNode _there = null!;
    private long _id = 10;

    public ReceiptTests() => _directory = new FaultyDirectory(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_here, _there) = (await StartAsync(3), await StartAsync(3));
        await _here.Messaging.Channels.EnsureAsync("open", owner: "own", cancellationToken: Cancel);
        await _here.Messaging.Members.AddAsync("open", "bob", cancellationToken: Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task In_a_small_channel_all_subscribers_of_every_node_receive_it_but_not_the_connection_that_read()
    {
        var (own, bob, other, guest) = (await SubscribeAsync(_here, "own"), await SubscribeAsync(_here, "bob"), await SubscribeAsync(_there, "bob"), await SubscribeAsync(_there, "guest"));
        await SendAsync(3);
        await ReadAsync(bob, 2);
        foreach (var client in new[] { own, other, guest }) (await NextReadAsync(client)).Should().Be("bob 2");
        await ReadAsync(bob, 2);
        await ReadAsync(bob, 1);
        await ReadAsync(guest, 9);
        foreach (var client in new[] { own, bob, other }) (await NextReadAsync(client)).Should().Be("guest 3", "who is no member is a reader, too, and a mark that does not move is no news");
        await NothingAsync(guest);
        await using var passing = await _there.ConnectAsync("own");
        await ReadAsync(passing, 3);
        foreach (var client in new[] { own, bob, other, guest }) (await NextReadAsync(client)).Should().Be("own 3", "without a subscription one reads, too");
    }

    [Fact]
    public async Task Members_are_counted_and_one_more_than_the_limit_is_too_many_until_it_leaves()
    {
        var (own, bob) = (await SubscribeAsync(_here, "own"), await SubscribeAsync(_there, "bob"));
        for (var guest = 0; guest < 5; guest++) await SubscribeAsync(_here, $"guest{guest}");
        await SendAsync(4);
        await _here.Messaging.Members.AddAsync("open", "third", cancellationToken: Cancel);
        await ReadAsync(bob, 1);
        (await NextReadAsync(own)).Should().Be("bob 1", "subscribers are not counted, and three members are not too many");
        await _there.Messaging.Members.AddAsync("open", "fourth", cancellationToken: Cancel);
        await using var second = await _there.ConnectAsync("bob");
        await second.RequestAsync("""{"type":"subscribe","id":2,"channel":"open"}""", 2);
        await ReadAsync(bob, 2);
        (await NextReadAsync(second)).Should().Be("bob 2", "one's own connections receive it in every channel");
        await NothingAsync(own);
        await _there.Messaging.Members.RemoveAsync("open", "fourth", cancellationToken: Cancel);
        await ReadAsync(bob, 3);
        (await NextReadAsync(own)).Should().Be("bob 3");
    }

    [Fact]
    public async Task The_members_are_not_counted_for_each_read()
    {
        var (own, bob) = (await SubscribeAsync(_here, "own"), await SubscribeAsync(_here, "bob"));
        await SendAsync(60);
        for (var sequence = 1; sequence <= 60; sequence++)
        {
            await ReadAsync(bob, sequence);
            await ReadAsync(bob, sequence);
            (await NextReadAsync(own)).Should().Be($"bob {sequence}");
        }

        // Kept for as long as the repair interval, or until a member comes or goes.
        _directory.MemberCounts.Should().BeLessThan(10);
        var before = _directory.MemberCounts;
        await _here.Messaging.Members.AddAsync("open", "third", cancellationToken: Cancel);
        await ReadAsync(own, 60);
        _directory.MemberCounts.Should().BeGreaterThan(before);
    }

    [Fact]
    public async Task A_host_that_wants_none_counts_nothing()
    {
        await using var node = await StartAsync(0);
        var (own, bob) = (await SubscribeAsync(node, "own"), await SubscribeAsync(node, "bob"));
        await SendAsync(1);
        await ReadAsync(bob, 1);
        await NothingAsync(own);
        _directory.MemberCounts.Should().Be(0);
        var channel = (await node.Messaging.Channels.EnsureDirectAsync("own", "bob", Cancel)).Channel;
        await own.RequestAsync($$"""{"type":"subscribe","id":3,"channel":"{{channel}}"}""", 3);
        await node.Messaging.Messages.SendAsync(channel, "x", "own", Cancel);
        await bob.RequestAsync($$"""{"type":"read","id":4,"channel":"{{channel}}","sequence":1}""", 4);
        (await NextReadAsync(own)).Should().Be("bob 1", "in a direct channel both users always receive it");
    }

    private Task<TestNode> StartAsync(int upTo) => TestNode.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_directory);
            builder.UseInMemoryBroker(_network);
        },
        options =>
        {
            options.ReadSignalsUpTo = upTo;
            options.PresenceSignalsUpTo = 0;
        });

    private async Task SendAsync(int count)
    {
        for (var number = 0; number < count; number++) await _here.Messaging.Messages.SendAsync("open", "x", cancellationToken: Cancel);
    }

    private async Task<TestClient> SubscribeAsync(TestNode node, string user)
    {
        var client = await node.ConnectAsync(user);
        _clients.Add(client);
        await client.RequestAsync("""{"type":"subscribe","id":2,"channel":"open"}""", 2);
        return client;
    }

    private async Task ReadAsync(TestClient client, long sequence)
    {
        var id = ++_id;
        var reply = await client.RequestAsync($$"""{"type":"read","id":{{id}},"channel":"open","sequence":{{sequence}}}""", id);
        reply.GetProperty("type").GetString().Should().Be("ok");
    }

    private static bool IsRead(JsonElement frame) => frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "read";

    private static async Task<string> NextReadAsync(TestClient client)
    {
        var frame = await client.WaitAsync(IsRead, "a read");
        return $"{frame.GetProperty("user")} {frame.GetProperty("data").GetProperty("sequence")}";
    }

    // What was sent before a marker has come before it.
    private async Task NothingAsync(TestClient client)
    {
        await using var marking = await _there.ConnectAsync("marker");
        var id = ++_id;
        await marking.RequestAsync($$"""{"type":"signal","id":{{id}},"channel":"open","name":"marker"}""", id);
        var frame = await client.WaitAsync(frame => IsRead(frame) || (frame.GetProperty("type").GetString() == "signal" && frame.GetProperty("name").GetString() == "marker"), "the marker");
        frame.GetProperty("name").GetString().Should().Be("marker");
    }
}
