using System.Diagnostics;
using FluentAssertions;
using RealtimeKit.Protocol;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What a call costs does not grow with what lies there.</summary>
public sealed class SqliteCostTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Theory]
    [InlineData("lurker", 60_000, 0)]
    [InlineData("bot", 0, 0)]
    [InlineData("named", 60_000, 60_000)]
    public async Task Listing_channels_costs_the_same_however_much_is_unread(string user, int unread, int mentions)
    {
        const int few = 2_000;
        using var store = _database.Open();
        await FillAsync(store, "few", few, user);
        var small = await MedianOfListAsync(store, user);
        await store.DeleteAsync("few", Cancel);
        await FillAsync(store, "many", 60_000, user);
        var large = await MedianOfListAsync(store, user);

        var summary = (await store.ListChannelsAsync(user, null, 10, Cancel)).Channels.Single();
        summary.Unread.Should().Be(unread);
        summary.Mentions.Should().Be(mentions);
        TestContext.Current.TestOutputHelper!.WriteLine($"{user}: {few} messages {small.TotalMilliseconds} ms, 60,000 messages {large.TotalMilliseconds} ms");
        large.Should().BeLessThan(8 * small, "30 times as many are unread");
    }

    [Fact]
    public async Task Reaction_does_not_write_a_long_message_again()
    {
        const int reactions = 20;
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        var post = Changes.Post("lobby", new string('x', 60_000));
        await store.AppendAsync([post], Cancel);
        var before = _database.Log.Length;
        for (var user = 0; user < reactions; user++)
            await store.AppendAsync([new ReactChange("lobby", post.Time, 1, $"user{user}", "+", user == reactions)], Cancel);

        var each = (_database.Log.Length - before) / reactions;
        TestContext.Current.TestOutputHelper!.WriteLine($"{each} bytes of log a reaction");
        each.Should().BeLessThan(40_000, "the text has 60,000");
        var message = (await store.ReadHistoryAsync(new HistoryQuery("lobby", Changes.All), Cancel))!.Messages.Single();
        message.Version.Should().Be(1 + reactions);
        message.Reactions.Single().Count.Should().Be(reactions);
        message.Text.Should().HaveLength(60_000);
    }

    [Fact]
    public async Task Log_stays_bounded_while_reads_overlap()
    {
        const int readers = 4;
        using var store = _database.Open(options => options.CheckpointPages = 100);
        await Changes.CreateLobbyAsync(store);
        await AppendAsync(store, "lobby", 1_000, "ann", null, 200);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var reading = Enumerable.Range(0, readers).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await store.ReadHistoryAsync(new HistoryQuery("lobby", new PageLimit(1_000, int.MaxValue)), Cancel);
        }, Cancel)).ToArray();
        var longest = 0L;
        for (var batch = 0; batch < 200; batch++)
        {
            await AppendAsync(store, "lobby", 100, "ann", null, 500);
            longest = Math.Max(longest, _database.Log.Length);
        }

        await stop.CancelAsync();
        await Task.WhenAll(reading);
        TestContext.Current.TestOutputHelper!.WriteLine($"longest log {longest} bytes");
        longest.Should().BeLessThan(16_000_000, "it begins anew when it is beyond 1.6 MB");
    }

    private static async Task FillAsync(SqliteStore store, string channel, int messages, string user)
    {
        await store.CreateAsync(Changes.Channel(channel) with { Members = [user] }, Cancel);
        await AppendAsync(store, channel, messages, user == "bot" ? "bot" : "ann", user == "named" ? user : null, 100);
    }

    private static async Task AppendAsync(SqliteStore store, string channel, int messages, string sender, string? mentioned, int length)
    {
        var content = new MessageContent(new string('x', length), Mentions: mentioned is null ? null : [mentioned]);
        foreach (var chunk in Enumerable.Range(0, messages).Chunk(2_000))
            await store.AppendAsync([.. chunk.Select(_ => Changes.Post(channel, "") with { Sender = sender, Content = content })], Cancel);
    }

    private static async Task<TimeSpan> MedianOfListAsync(SqliteStore store, string user)
    {
        const int rounds = 41;
        var took = new List<TimeSpan>();
        for (var round = 0; round < rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await store.ListChannelsAsync(user, null, 10, Cancel);
            took.Add(Stopwatch.GetElapsedTime(began));
        }

        took.Sort();
        return took[rounds / 2];
    }
}
