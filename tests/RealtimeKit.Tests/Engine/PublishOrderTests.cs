using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using RealtimeKit.Tests.Engine.Nodes;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Order and acknowledgement when the store is away now and then.</summary>
public sealed class PublishOrderTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_pipelining_sender_keeps_its_order_through_a_store_that_fails_at_random()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("REALTIMEKIT_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed} (set REALTIMEKIT_SEED to repeat)");
        var random = new Random(seed);
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory) { IsAway = () => random.Next(4) == 0 };
        await using var node = await TestNode.StartAsync(builder => Use(builder, store, memory));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");

        // As the protocol tells a client: send many at once, and on an error begin again at the first refused.
        const int count = 300;
        var ids = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToList();
        var acknowledged = new long[count];
        long request = 1;
        var refusals = 0;
        for (var next = 0; next < count;)
        {
            var window = Enumerable.Range(next, Math.Min(20, count - next)).ToList();
            var requests = window.ToDictionary(_ => ++request);
            foreach (var (id, index) in requests) await client.SendAsync(Publish(id, "a", ids[index], $"message {index}"));
            var firstRefused = int.MaxValue;
            foreach (var (id, index) in requests)
            {
                var reply = await client.ReplyAsync(id);
                if (reply.GetProperty("type").GetString() == "published") acknowledged[index] = reply.GetProperty("sequence").GetInt64();
                else
                {
                    reply.GetProperty("code").GetString().Should().Be("unavailable");
                    firstRefused = Math.Min(firstRefused, index);
                    refusals++;
                }
            }

            next = firstRefused == int.MaxValue ? window[^1] + 1 : firstRefused;
        }

        output.WriteLine($"{refusals} refusals");
        refusals.Should().BePositive();
        acknowledged.Should().Equal(Enumerable.Range(1, count).Select(sequence => (long)sequence));
        var log = await ReadAllAsync(node, "a");
        log.Select(message => message.Text).Should().Equal(Enumerable.Range(0, count).Select(index => $"message {index}"));
    }

    [Fact]
    public async Task An_outage_of_the_store_is_logged_once_in_a_while_and_not_for_everything_that_it_refuses()
    {
        var (time, memory) = (new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56)), new InMemoryStore());
        var store = new FaultyStore(memory) { IsAway = () => true };
        await using var node = await TestNode.StartAsync(builder => Use(builder, store, memory), time: time);
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");

        await RefuseAsync(10);
        await Until.TrueAsync(() => !node.Log.Entries.IsEmpty, "the outage is logged");
        node.Log.Entries.Should().ContainSingle().Which.Text.Should().Contain("; 1 changes, requests and reads were refused").And.Contain("The test took the store away.");
        time.Advance(TimeSpan.FromSeconds(5));
        await RefuseAsync(1);
        await Until.TrueAsync(() => node.Log.Entries.Count > 1, "it is logged again");
        node.Log.Entries.Should().HaveCount(2).And.Subject.Last().Text.Should().Contain("; 10 changes, requests and reads were refused");

        async Task RefuseAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var refused = await node.Messaging.Invoking(x => x.Messages.SendAsync("a", "hello", "ann")).Should().ThrowAsync<StoreUnavailableException>();
                refused.Which.Message.Should().Contain("The test took the store away.");
            }
        }
    }

    [Fact]
    public async Task What_was_received_before_the_refusal_was_written_is_refused_with_it_even_if_it_was_stored_before()
    {
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory);
        await using var node = await TestNode.StartAsync(builder => Use(builder, store, memory));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        var (known, lost, behind) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await client.RequestAsync(Publish(2, "a", known, "known"), 2);
        var gate = new TaskCompletionSource();
        store.Hold = gate.Task;
        var calls = 0;
        store.IsAway = () => calls++ == 0;

        await client.SendAsync($"{Publish(3, "a", lost, "lost")}\n{Publish(4, "a", known, "known")}\n{Publish(5, "a", behind, "behind")}");
        gate.SetResult();

        foreach (var id in new[] { 3, 4, 5 })
            (await client.ReplyAsync(id)).GetProperty("code").GetString().Should().Be("unavailable", $"request {id} stood behind a refused one");
        await client.SendAsync($"{Publish(6, "a", lost, "lost")}\n{Publish(7, "a", known, "known")}\n{Publish(8, "a", behind, "behind")}");
        (await client.ReplyAsync(6)).GetProperty("sequence").GetInt64().Should().Be(2);
        (await client.ReplyAsync(7)).GetProperty("duplicate").GetBoolean().Should().BeTrue();
        (await client.ReplyAsync(8)).GetProperty("sequence").GetInt64().Should().Be(3);
    }

    [Fact]
    public async Task A_refusal_in_one_channel_leaves_the_others_alone()
    {
        var memory = new InMemoryStore();
        var store = new FaultyStore(memory);
        await using var node = await TestNode.StartAsync(builder => Use(builder, store, memory));
        foreach (var channel in new[] { "a", "b" })
            await node.Messaging.Channels.EnsureAsync(channel, cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        var away = true;
        store.IsAway = () => away;
        (await client.RequestAsync(Publish(2, "a", Guid.NewGuid(), "x"), 2)).GetProperty("code").GetString().Should().Be("unavailable");
        away = false;
        (await client.RequestAsync(Publish(3, "b", Guid.NewGuid(), "x"), 3)).GetProperty("type").GetString().Should().Be("published");
    }

    [Fact]
    public async Task A_user_over_the_rate_is_told_when_to_come_back_and_a_retry_of_what_is_stored_is_not_limited()
    {
        await using var node = await TestNode.StartAsync(configure: options => options.RateLimits.Posts = new RateLimit(0.001, 2));
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await node.ConnectAsync("ann");
        var first = Guid.NewGuid();
        (await client.RequestAsync(Publish(2, "a", first, "1"), 2)).GetProperty("type").GetString().Should().Be("published");
        (await client.RequestAsync(Publish(3, "a", Guid.NewGuid(), "2"), 3)).GetProperty("type").GetString().Should().Be("published");
        var refused = await client.RequestAsync(Publish(4, "a", Guid.NewGuid(), "3"), 4);
        refused.GetProperty("code").GetString().Should().Be("rate_limited");
        refused.GetProperty("retryAfter").GetInt32().Should().BeInRange(1, 1_000_000);
        // The pong shows that the client has read the refusal; until then all that it sends is refused likewise.
        (await client.RequestAsync(Publish(5, "a", first, "1"), 5)).GetProperty("code").GetString().Should().Be("rate_limited");
        await client.WaitForAsync("ping");
        await client.SendAsync("""{"type":"pong"}""");
        (await client.RequestAsync(Publish(6, "a", first, "1"), 6)).GetProperty("duplicate").GetBoolean().Should().BeTrue();
    }

    private static void Use(RealtimeMessagingBuilder builder, FaultyStore store, InMemoryStore memory)
    {
        builder.Services.AddSingleton<IMessageStore>(store);
        builder.Services.AddSingleton<IChannelStore>(memory);
    }

    internal static string Publish(long id, string channel, Guid message, string text) =>
        $$"""{"type":"publish","id":{{id}},"channel":"{{channel}}","message":{"id":"{{message}}","text":"{{text}}"} }""";

    internal static async Task<IReadOnlyList<Protocol.Message>> ReadAllAsync(TestNode node, string channel)
    {
        var all = new List<Protocol.Message>();
        MessagePage page;
        do
        {
            page = await node.Messaging.Messages.ReadHistoryAsync(
                channel, after: all.Count, limit: 200, cancellationToken: TestContext.Current.CancellationToken);
            all.AddRange(page.Messages);
        }
        while (page.More);
        return all;
    }
}
