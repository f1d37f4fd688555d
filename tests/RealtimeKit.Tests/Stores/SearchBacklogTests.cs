using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using RealtimeKit.Protocol;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What was stored without an index is indexed in the background, by whoever opens the store next.</summary>
public sealed class SearchBacklogTests
{
    private static readonly RealtimeOptions Off = new() { Search = false };
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_indexes_what_was_stored_without_search()
    {
        using var database = new TemporaryDatabase();
        await CheckAsync(isOn =>
        {
            var store = database.Open(null, TimeProvider.System, NullLogger<SqliteStore>.Instance, isOn ? null : Off);
            return Task.FromResult<(object, Func<Task>, Func<ValueTask>)>((store, () => store.InitializeAsync(Cancel).AsTask(), () =>
            {
                store.Dispose();
                return ValueTask.CompletedTask;
            }));
        });
    }

    [Fact]
    public async Task PostgreSql_indexes_what_was_stored_without_search()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await CheckAsync(isOn =>
        {
            var store = schema.Open(engine: isOn ? null : Off);
            return Task.FromResult<(object, Func<Task>, Func<ValueTask>)>((store, () => store.InitializeAsync(Cancel).AsTask(), store.DisposeAsync));
        });
    }

    private static async Task CheckAsync(Func<bool, Task<(object Store, Func<Task> Open, Func<ValueTask> Close)>> make)
    {
        // More than fit into one part of PostgreSQL's index, so that it is divided.
        const int many = 9_000, batch = 500;
        var (store, open, close) = await make(false);
        await open();
        await CreateAsync(store, "one");
        await CreateAsync(store, "two");
        for (var i = 0; i < many; i += batch)
            await AppendAsync(store, [.. Enumerable.Range(i, batch).Select(at => Post(at % 10 == 0 ? "two" : "one", $"word{at} all", at))]);
        (await FindAsync(store, "all")).Should().BeEmpty("nothing is indexed");
        await close();

        // It is closed again in the middle, and goes on. Meanwhile messages are posted, edited and deleted.
        (store, open, close) = await make(true);
        await open();
        await AppendAsync(store, [Post("two", "new all", many), new EditChange("one", Start, 8_000, new ContentEdit(Text: new(true, "edited all"))), new DeleteChange("one", Start, 1)]);
        (await FindAsync(store, "new")).Should().ContainSingle("what is posted is found at once");
        (await FindAsync(store, "edited")).Should().ContainSingle("what is edited is found at once");
        await close();
        (store, open, close) = await make(true);
        await open();
        await UntilAllAsync(store, many);
        (await FindAsync(store, "word1")).Should().BeEquivalentTo(Enumerable.Range(1, many - 1).Where(at => $"{at}".StartsWith('1') && at != 1 && Sequence(at) != ("one", 8_000)).Select(at => $"word{at} all"));
        (await FindAsync(store, "edited")).Should().Equal("edited all");
        var order = await FindAsync(store, "all");
        order[0].Should().Be("new all");
        order.Where(text => text.StartsWith("word", StringComparison.Ordinal)).Should().BeEquivalentTo(
            Enumerable.Range(0, many).Reverse().Where(at => Sequence(at) is not (("one", 1) or ("one", 8_000))).Select(at => $"word{at} all"), options => options.WithStrictOrdering());
        await close();

        // What changes while search is off is found anew as it is then.
        (store, open, close) = await make(false);
        await open();
        await AppendAsync(store, [
            new EditChange("two", Start, 5, new ContentEdit(Text: new(true, "silently all"))), new DeleteChange("two", Start, 6), Post("one", "unheard all", many + 1)]);
        await close();
        (store, open, close) = await make(true);
        await open();
        await UntilAllAsync(store, many);
        (await FindAsync(store, "silently")).Should().ContainSingle();
        (await FindAsync(store, "unheard")).Should().ContainSingle();
        (await FindAsync(store, "word40")).Should().NotContain("word40 all").And.NotContain("word50 all");
        await close();
    }

    private static (string Channel, int Sequence) Sequence(int at) => at % 10 == 0 ? ("two", (at / 10) + 1) : ("one", at - (at / 10));

    private static async Task UntilAllAsync(object store, int many)
    {
        var started = TimeProvider.System.GetTimestamp();
        while ((await FindAsync(store, "all")) is { Count: var count } && count != many)
            TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1), "{0} of {1} are found", count, many);
    }

    private static async Task<IReadOnlyList<string>> FindAsync(object store, string query)
    {
        var found = new List<string>();
        SearchTerms.TryParse(query, out var terms).Should().BeTrue();
        SearchPosition? before = null;
        do
        {
            var page = await ((IMessageSearch)store).SearchAsync(new SearchQuery(terms!, new PageLimit(5_000, int.MaxValue), Start) { Before = before }, Cancel);
            found.AddRange(page.Hits.Select(hit => hit.Message.Text!));
            before = page.Next;
        }
        while (before is not null);
        return found;
    }

    private static async Task CreateAsync(object store, string name) =>
        await ((IChannelStore)store).CreateAsync(new NewChannel(name, ChannelKind.Public, null, "ann", [], Start), Cancel);

    private static async Task AppendAsync(object store, IReadOnlyList<MessageChange> changes) =>
        (await ((IMessageStore)store).AppendAsync(changes, Cancel)).Should().OnlyContain(result => result.Outcome == AppendOutcome.Appended);

    private static PostChange Post(string channel, string text, int at) =>
        new(channel, Start.AddMilliseconds(at), new MessageId(Guid.NewGuid()), "ann", new MessageContent(text), null, new byte[16]);
}
