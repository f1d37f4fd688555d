using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using RealtimeKit.InMemory;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Engine;

/// <summary>Publishers on a store that fails at random, before and after it has stored.</summary>
public sealed class StoreFaultsTests
{
    private readonly InMemoryStore _memory = new();
    private readonly FaultyStore _store;

    public StoreFaultsTests() => _store = new FaultyStore(_memory);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(null)]
    public async Task Whatever_the_store_throws_what_is_acknowledged_is_stored_once_and_in_order(int? given)
    {
        var seed = given ?? Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var node = await TestNode.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IMessageStore>(_store);
            builder.Services.AddSingleton<IChannelStore>(_memory);
        });
        await node.Messaging.Channels.EnsureAsync("a", cancellationToken: TestContext.Current.CancellationToken);
        const int clients = 4, messages = 60;
        _store.Before = _ => random.Next(6) == 0 ? throw Fault(random) : Task.CompletedTask;
        _store.Answer = results => random.Next(6) == 0 ? throw Fault(random) : results;
        var acknowledged = await Task.WhenAll(Enumerable.Range(0, clients).Select(number => WriteAsync(node, $"user{number}", messages)));
        (_store.Before, _store.Answer) = (_ => Task.CompletedTask, results => results);

        var stored = await PublishOrderTests.ReadAllAsync(node, "a");
        stored.Select(message => message.Id).Should().OnlyHaveUniqueItems();
        for (var number = 0; number < clients; number++)
        {
            var user = $"user{number}";
            var texts = stored.Where(message => message.Sender == user).Select(message => int.Parse(message.Text!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            texts.Should().BeInAscendingOrder();
            texts.Should().Contain(acknowledged[number]);
        }
    }

    private static Exception Fault(Random random) =>
        random.Next(3) == 0 ? new StoreUnavailableException("The test's own.") : new InvalidOperationException("The test's own.");

    /// <summary>Sends numbered messages as a client does, and again from the first refused one; gives the numbers that were acknowledged.</summary>
    private static async Task<List<int>> WriteAsync(TestNode node, string user, int count)
    {
        await using var client = await node.ConnectAsync(user);
        var ids = Enumerable.Range(0, count).Select(_ => Guid.NewGuid()).ToArray();
        List<int> acknowledged = [];
        for (var (next, id) = (0, 100L); next < count;)
        {
            var window = Math.Min(8, count - next);
            for (var i = 0; i < window; i++) await client.SendAsync(PublishOrderTests.Publish(id + i, "a", ids[next + i], $"{next + i}"));
            var refused = window;
            for (var i = 0; i < window; i++)
            {
                var reply = await client.ReplyAsync(id + i);
                if (reply.GetProperty("type").GetString() == "published") acknowledged.Add(next + i);
                else if (reply.GetProperty("code").GetString() == "unavailable") refused = Math.Min(refused, i);
            }

            (next, id) = (next + refused, id + window);
        }

        return acknowledged;
    }
}
