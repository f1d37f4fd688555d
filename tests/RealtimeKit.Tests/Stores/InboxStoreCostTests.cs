using FluentAssertions;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;
using RealtimeKit.Testing;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// What inboxes cost the databases, where a user is in 5,000 channels and a channel has 100 connected members. The bounds are loose, because the
/// machine may be busy; what was measured is in the output.
/// </summary>
public sealed class InboxStoreCostTests
{
    private const int Channels = 5_000;
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(100);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Sqlite() => MeasureAsync(TemporaryDatabase.CreateStoreAsync);

    [Fact]
    public Task PostgreSql() => MeasureAsync(TemporarySchema.CreateStoreAsync);

    private static async Task MeasureAsync(Func<ValueTask<StoreUnderTest>> create)
    {
        var store = await create();
        var inboxes = (IInboxStore)store.Channels;
        string[] users = [.. Enumerable.Range(0, 100).Select(i => $"user{i}")];
        await Parallel.ForAsync(0, Channels, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (i, cancel) =>
            await store.Channels.CreateAsync(new NewChannel($"room{i}", ChannelKind.Private, null, "bob", i == 0 ? users : [], DateTimeOffset.UnixEpoch), cancel));
        await store.Messages.AppendAsync([.. Enumerable.Range(0, 500).Select(i => Changes.Post("room0", $"text {i}"))], Cancel);

        var position = (await inboxes.ListMembershipsAsync("bob", Cancel)).Position;
        var nothing = await ShortestAsync("nothing changed in 5,000 channels", async () =>
        {
            var delta = (await inboxes.FindChangedAsync("bob", position, Cancel))!;
            position = delta.Position;
        });
        await ShortestAsync("all 5,000 counted", async () => await inboxes.ListMembershipsAsync("bob", Cancel));
        InboxKey[] keys = [.. users.Select(user => new InboxKey("room0", user))];
        var rows = await ShortestAsync("rows of 100 users of one channel", async () => await inboxes.ReadRowsAsync(keys, Cancel));
        nothing.Should().BeLessThan(Bound);
        rows.Should().BeLessThan(Bound);
        if (store.Cleanup is { } cleanup) await cleanup();
    }

    private static async Task<TimeSpan> ShortestAsync(string what, Func<Task> call)
    {
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < 15; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            await call();
            var took = TimeProvider.System.GetElapsedTime(started);
            if (took < shortest) shortest = took;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {shortest.TotalMilliseconds:0.00} ms");
        return shortest;
    }
}
