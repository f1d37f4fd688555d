using FluentAssertions;
using FluentAssertions.Execution;
using RealtimeKit.Servers;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// What a call reads is bounded by its page, not by what lies there: the pages of the file that it touches and the steps that it takes, as
/// SQLite counts them, where there is little of everything and where there is much.
/// </summary>
public sealed class SqliteReadsTests : IDisposable
{
    private const int Page = 50;

    // Trees of more rows have a level more.
    private const int MoreLevels = 12;

    // Of each later block of messages two rows are counted, and of the memberships of one user a thousand; each takes some steps.
    // A text that is taken out of the index for searches is looked for in each of its levels.
    private const int MoreSteps = 6_000;

    private readonly TemporaryDatabase _database = new();

    public SqliteReadsTests() => SqliteMeter.Begin();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Calls_read_no_more_where_there_is_more()
    {
        using var store = _database.Open();
        await FillAsync(store, "few", messages: 1_500, members: 100, channels: 120, reactions: 100);
        await FillAsync(store, "many", messages: 60_000, members: 5_000, channels: 2_500, reactions: 2_000);
        using var all = new AssertionScope();
        foreach (var (name, call) in Calls(store))
        {
            var (few, many) = (await CountAsync(call, "few"), await CountAsync(call, "many"));
            TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {few.Pages} pages in {few.Steps} steps, {many.Pages} pages in {many.Steps} steps");
            many.Pages.Should().BeLessThanOrEqualTo((2 * few.Pages) + MoreLevels, "that is of {0}", name);
            many.Steps.Should().BeLessThanOrEqualTo((2 * few.Steps) + MoreSteps, "that is of {0}", name);
        }
    }

    private static IEnumerable<(string Name, Func<string, int, Task> Call)> Calls(SqliteStore store)
    {
        var page = new PageLimit(Page, int.MaxValue);
        yield return ("list, all unread", async (at, _) => await store.ListChannelsAsync($"{at}-newcomer", null, Page, Cancel));
        yield return ("list, all one's own", async (at, _) => await store.ListChannelsAsync($"{at}-bot", null, Page, Cancel));
        yield return ("list, member of many", async (at, _) => await store.ListChannelsAsync($"{at}-everywhere", null, Page, Cancel));
        yield return ("list, its next page", async (at, _) => await store.ListChannelsAsync($"{at}-everywhere", at == "few" ? "70:" : "2450:", Page, Cancel));
        foreach (var query in (HistoryQuery[])
        [
            new("", page), new("", page, After: 0), new("", page, Before: 700), new("", page, After: 700),
            new("", page, Thread: 1), new("", page, After: 0, Thread: 1), new("", page, Before: 700, Thread: 1), new("", page, After: 700, Thread: 1),
        ])
        {
            yield return ($"history {query}", async (at, _) => await store.ReadHistoryAsync(query with { Channel = at }, Cancel));
        }

        yield return ("changes from the first", async (at, _) => await store.ReadChangesAsync(at, 0, page, Cancel));
        yield return ("find", async (at, _) => await store.FindAsync(at, $"{at}-bot", Cancel));
        yield return ("members", async (at, _) => await store.ListMembersAsync(at, "user000050", Page, Cancel));
        yield return ("own reactions", async (at, _) => await store.ListOwnReactionsAsync(at, 1, "user000005", Cancel));
        yield return ("read mark", async (at, round) => await store.MoveReadMarkAsync(at, "user000003", round + 1, Cancel));
        yield return ("post", async (at, _) => await AppendAsync(store, Changes.Post(at, "x") with { Sender = $"{at}-bot" }));
        yield return ("answer", async (at, _) => await AppendAsync(store, Changes.Post(at, "x") with { ReplyTo = 1 }));
        yield return ("edit", async (at, round) => await AppendAsync(store, new EditChange(at, DateTimeOffset.UnixEpoch, 700, new ContentEdit(new PartEdit<string>(true, $"{round}")))));
        yield return ("delete", async (at, round) => await AppendAsync(store, new DeleteChange(at, DateTimeOffset.UnixEpoch, 300 + round)));
        yield return ("react", async (at, round) => await AppendAsync(store, React(at, $"late{round}", false)));
        yield return ("react, taken back by who came late", async (at, round) => await AppendAsync(store, React(at, $"late{round}", true)));
        yield return ("react, taken back by who came early", async (at, round) => await AppendAsync(store, React(at, $"user{round:000000}", true)));
    }

    private static async Task FillAsync(SqliteStore store, string name, int messages, int members, int channels, int reactions)
    {
        const int batch = 1_000;
        string[] users = [.. Enumerable.Range(0, members).Select(number => $"user{number:000000}")];
        await store.CreateAsync(Changes.Channel(name) with { Members = [$"{name}-bot", $"{name}-newcomer", .. users] }, Cancel);
        foreach (var chunk in Enumerable.Range(0, messages).Chunk(batch))
        {
            await store.AppendAsync(
                [.. chunk.Select(number => Changes.Post(name, "Some text.") with { Sender = $"{name}-bot", ReplyTo = number > 0 && number % 5 == 0 ? 1 : null })], Cancel);
        }

        // Those to another message come first.
        foreach (var message in (int[])[2, 1])
        foreach (var chunk in Enumerable.Range(0, reactions).Chunk(batch))
            await store.AppendAsync([.. chunk.Select(number => React(name, $"user{number:000000}", false) with { Sequence = message })], Cancel);
        foreach (var chunk in Enumerable.Range(0, channels).Chunk(batch))
        {
            await Task.WhenAll(chunk.Select(number => store.CreateAsync(
                Changes.Channel($"{name}-{number}") with { Owner = $"{name}-everywhere", Members = [], Created = DateTimeOffset.FromUnixTimeMilliseconds(number) }, Cancel).AsTask()));
        }
    }

    // The fewest of several calls: the others may open a connection, or be beside a checkpoint.
    private async Task<(long Pages, long Steps)> CountAsync(Func<string, int, Task> call, string at)
    {
        const int rounds = 5;
        var (pages, steps) = (long.MaxValue, long.MaxValue);
        for (var round = 0; round < rounds; round++)
        {
            var before = SqliteMeter.Read(_database.Path);
            await call(at, round);
            var after = SqliteMeter.Read(_database.Path);
            (pages, steps) = (Math.Min(pages, after.Pages - before.Pages), Math.Min(steps, after.Steps - before.Steps));
        }

        return (pages, steps);
    }

    private static ReactChange React(string channel, string user, bool remove) => new(channel, DateTimeOffset.UnixEpoch, 1, user, "+", remove);

    private static async Task AppendAsync(SqliteStore store, MessageChange change) =>
        (await store.AppendAsync([change], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
}
