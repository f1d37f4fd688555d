using System.Text.Json;
using FluentAssertions;
using RealtimeKit.Delivery;
using Xunit;

namespace RealtimeKit.Tests.Engine.Nodes;

/// <summary>A broker that carries heads alone: what they stand for is read from the store once, for all readers of a node.</summary>
public sealed class HeadsTests : IAsyncLifetime
{
    private readonly NodeGroup _group = new(options => options.RepairInterval = TimeSpan.FromHours(1), prefersHeads: true);
    private GroupNode _here = null!;
    private GroupNode _there = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _here = await _group.StartAsync();
        _there = await _group.StartAsync();
        await _group.EnsureChannelAsync("a");
    }

    public ValueTask DisposeAsync() => _group.DisposeAsync();

    [Fact]
    public async Task A_message_is_read_once_for_all_readers()
    {
        var readers = await ReadersAsync(_there, 50);
        var before = _there.Store.ChangeReads;
        await _here.SendAsync("a", "hello");
        foreach (var reader in readers) (await TextsAsync(reader, 1)).Should().Equal("hello");
        (_there.Store.ChangeReads - before).Should().Be(1);
        foreach (var reader in readers) await reader.DisposeAsync();
    }

    [Fact]
    public async Task What_comes_while_one_reading_is_under_way_is_read_with_the_next()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var held = new TaskCompletionSource();
        _there.Store.HoldChanges = () => held.Task;
        for (var number = 0; number < 100; number++) await _here.SendAsync("a", $"{number}");
        await Until.TrueAsync(() => _there.Broker.UnderWay <= 0, "all heads arrive");
        _there.Store.HoldChanges = () => Task.CompletedTask;
        held.SetResult();
        (await TextsAsync(bob, 100)).Should().Equal(Enumerable.Range(0, 100).Select(number => $"{number}"));
        _there.Store.ChangeReads.Should().BeLessThanOrEqualTo(2);
    }

    [Fact]
    public async Task A_nodes_own_events_wait_for_those_of_another_that_come_before_them()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var held = new TaskCompletionSource();
        _there.Store.HoldChanges = () => held.Task;
        await _here.SendAsync("a", "1");
        await Until.TrueAsync(() => _there.Store.ChangeReads == 1, "the first is being read");
        await _there.SendAsync("a", "2");
        await _here.SendAsync("a", "3");
        _there.Store.HoldChanges = () => Task.CompletedTask;
        held.SetResult();
        (await TextsAsync(bob, 3)).Should().Equal("1", "2", "3");
        _there.Store.ChangeReads.Should().BeLessThanOrEqualTo(2);
    }

    [Fact]
    public async Task A_reader_that_begins_within_what_one_reading_brings_gets_nothing_twice()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var held = new TaskCompletionSource();
        _there.Store.HoldChanges = () => held.Task;
        await _here.SendAsync("a", "1");
        await _here.SendAsync("a", "2");
        await Until.TrueAsync(() => _there.Store.ChangeReads == 1, "they are being read");
        // The store is at 2 already, the node at 0.
        await using var carl = await _there.SubscribeAsync("carl", "a");
        await _here.SendAsync("a", "3");
        _there.Store.HoldChanges = () => Task.CompletedTask;
        held.SetResult();
        (await TextsAsync(bob, 3)).Should().Equal("1", "2", "3");
        (await TextsAsync(carl, 1)).Should().Equal("3");
    }

    [Fact]
    public async Task Edits_and_deletions_come_as_the_messages_now_are()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        await using var ann = await _here.SubscribeAsync("ann", "a");
        await ann.RequestAsync(PublishOrderTests.Publish(3, "a", Guid.NewGuid(), "x"), 3);
        (await TextsAsync(bob, 1)).Should().Equal("x");
        await ann.RequestAsync("""{"type":"edit","id":4,"channel":"a","sequence":1,"text":"y"}""", 4);
        (await TextsAsync(bob, 1)).Should().Equal("y");
        await ann.RequestAsync("""{"type":"delete","id":5,"channel":"a","sequence":1}""", 5);
        Messages(await ChangeAsync(bob)).Single().TryGetProperty("deletedAt", out _).Should().BeTrue();
    }

    [Fact]
    public async Task More_than_one_page_is_left_to_the_readers()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var held = new TaskCompletionSource();
        _there.Store.HoldChanges = () => held.Task;
        for (var number = 0; number < 500; number++) await _here.SendAsync("a", $"{number}");
        _there.Store.HoldChanges = () => Task.CompletedTask;
        held.SetResult();
        (await TextsAsync(bob, 500)).Should().Equal(Enumerable.Range(0, 500).Select(number => $"{number}"));
    }

    [Fact]
    public async Task A_store_that_fails_once_costs_no_reader_anything()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var failures = 1;
        _there.Store.HoldChanges = () => Interlocked.Decrement(ref failures) >= 0
            ? throw new StoreUnavailableException("The test took the store away.") : Task.CompletedTask;
        await _here.SendAsync("a", "hello");
        (await TextsAsync(bob, 1)).Should().Equal("hello");
        await _here.SendAsync("a", "again");
        (await TextsAsync(bob, 1)).Should().Equal("again");
    }

    [Fact]
    public async Task A_head_that_the_store_does_not_have_is_looked_for_once()
    {
        await using var bob = await _there.SubscribeAsync("bob", "a");
        var epoch = (await _group.Store.ReadHeadsAsync(["a"], Cancel))[0].Epoch;
        _there.Engine.Receiver!.Receive("a", Payload(epoch, 7));
        await Until.TrueAsync(() => _there.Store.ChangeReads == 1, "it is looked for");
        await _here.SendAsync("a", "hello");
        (await TextsAsync(bob, 1)).Should().Equal("hello");
        _there.Store.ChangeReads.Should().Be(2);
    }

    private static byte[] Payload(string epoch, long version)
    {
        using var payload = new Protocol.FrameBuffer();
        BrokerPayload.Write(payload, BrokerNotice.Head, Guid.NewGuid(), version, epoch, default);
        return payload.WrittenSpan.ToArray();
    }

    private static async Task<List<TestClient>> ReadersAsync(GroupNode node, int count)
    {
        var readers = new List<TestClient>();
        for (var user = 0; user < count; user++) readers.Add(await node.SubscribeAsync($"user{user}", "a"));
        return readers;
    }

    private static Task<JsonElement> ChangeAsync(TestClient client) =>
        client.WaitAsync(frame => frame.GetProperty("type").GetString() is "event" or "changes", "a change");

    private static async Task<List<string>> TextsAsync(TestClient client, int count)
    {
        var texts = new List<string>();
        while (texts.Count < count) texts.AddRange(Messages(await ChangeAsync(client)).Select(message => message.GetProperty("text").GetString()!));
        return texts;
    }

    private static IEnumerable<JsonElement> Messages(JsonElement frame) =>
        frame.TryGetProperty("message", out var message) ? [message] : frame.GetProperty("messages").EnumerateArray();
}
