using System.Text.RegularExpressions;
using FluentAssertions;
using RealtimeKit.PostgreSql;
using RealtimeKit.Protocol;
using RealtimeKit.Servers;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>
/// How PostgreSQL carries out each call on 1,000,000 messages, half of them in one channel: as it says itself, through
/// auto_explain, of the very statements that the store sends. Everything goes by indexes and looks at what it needs.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed partial class PostgreSqlPlanTests : IAsyncLifetime
{
    private const string Fill = """
        SET auto_explain.log_min_duration = -1; SET synchronous_commit = off;
        INSERT INTO channels(name, kind, epoch, created, changed, version, sequence)
            SELECT 'room' || n, 0, 'e', 0, n, 1000, 1000 FROM generate_series(1, 500) n
            UNION ALL SELECT 'big', 0, 'e', 0, 501, 500000, 500000
            UNION ALL SELECT 'quiet' || n, 0, 'e', 0, 1000 + n * 100, 0, 0 FROM generate_series(1, 6000) n;
        INSERT INTO messages(channel, sequence, version, time, id, digest, sender, text, reply_to, thread, deleted, reactions)
            SELECT c.id, s, s, s, gen_random_uuid(), gen_random_uuid(),
                CASE WHEN c.name = 'big' AND s > 100000 THEN 'bot' ELSE 'user' || s % 50 END, 'some text',
                CASE WHEN s % 10 = 0 THEN 1 END, CASE WHEN s % 10 = 0 THEN 1 END, CASE WHEN s % 20 = 7 THEN s END,
                CASE WHEN s % 500 = 1 THEN (SELECT '[["+",30,' || string_agg('"user' || u || '"', ',' ORDER BY u) || ']]' FROM generate_series(1, 20) u) END
            FROM channels c, generate_series(1, c.sequence) s WHERE c.sequence > 0;
        INSERT INTO members(channel, user_id, role) SELECT c.id, 'user' || u, u % 3 FROM channels c, generate_series(1, 100) u WHERE c.sequence > 0;
        INSERT INTO members(channel, user_id, role) SELECT id, u, 0 FROM channels, unnest(ARRAY['bot', 'called', 'newcomer']) u WHERE name = 'big';
        INSERT INTO members(channel, user_id, role) SELECT id, 'everywhere', 0 FROM channels WHERE sequence = 0 AND id % 2 = 0;
        INSERT INTO mentions(channel, user_id, sequence) SELECT id, 'called', s FROM channels, generate_series(2, 500000, 2) s WHERE name = 'big';
        INSERT INTO marks(channel, user_id, sequence) SELECT c.id, 'user' || u, c.sequence - 20 FROM channels c, generate_series(2, 50) u WHERE c.sequence > 0;
        INSERT INTO mentions(channel, user_id, sequence) SELECT c.id, 'user' || s % 100, s FROM channels c, generate_series(1, c.sequence, 20) s;
        INSERT INTO tallies(channel, kind, user_id, block, count)
            SELECT channel, 0, '', sequence >> 10, count(*) FROM messages WHERE deleted IS NOT NULL GROUP BY 1, 4
            UNION ALL SELECT channel, 2, sender, sequence >> 10, count(*) FROM messages WHERE deleted IS NULL GROUP BY 1, 3, 4
            UNION ALL SELECT channel, 1, user_id, sequence >> 10, count(*) FROM mentions GROUP BY 1, 3, 4;
        INSERT INTO reactions(channel, sequence, user_id, reaction)
            SELECT c.id, s, 'user' || u, '+' FROM channels c, generate_series(1, c.sequence, 500) s, generate_series(1, 30) u;
        """;

    // Pages of 8 KiB: the most that any call here has a reason for (64 messages, each into a table and four indexes three or four levels
    // deep), and for the list of a user who is in 501 channels, has
    // written a thousand messages in the 50 that are asked for, and has read nothing.
    private const int MostPages = 1_400;
    private const int MostPagesOfAList = 5_000;

    // Of a list of one channel whose 500,000 messages are all unread, or nearly all one's own, or half of them mentions.
    private const int MostPagesOfCounts = 1_500;

    // Of a list of one who is in 3,000 channels, half of the latest, for each of the page's 50.
    private const int MostPagesOfOne = 50;

    private PostgreSqlServer _server = null!;
    private StatementLog _log = null!;
    private TemporarySchema _schema = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.CreateAsync();
        _log = new StatementLog(_server);
        _schema = new TemporarySchema(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_call_goes_by_indexes()
    {
        await _schema.RunAsync(StatementLog.Begin);
        await using var store = _schema.Open();
        await store.InitializeAsync(Cancel);
        foreach (var name in (string[])["room1", "big"]) await store.CreateAsync(Changes.Channel(name), Cancel);
        // Once while all is empty, so that the plans that are kept are those of that moment.
        await CallAllAsync(store, 0);
        await _schema.RunAsync("DELETE FROM channels; DELETE FROM messages; DELETE FROM members; DELETE FROM marks; DELETE FROM mentions; DELETE FROM reactions");
        await _schema.RunAsync(Fill);
        (await _schema.RunAsync("SELECT count(*) FROM messages")).Should().Be(1_000_000L);
        AssertByIndex(await PlansAsync(() => CallAllAsync(store, 1)));
        await AssertListOfManyAsync(store);

        await _schema.RunAsync("ANALYZE");
        AssertByIndex(await PlansAsync(() => CallAllAsync(store, 2)));
        await AssertListOfManyAsync(store);
        foreach (var user in (string[])["newcomer", "bot", "called"])
        {
            var plans = await PlansAsync(() => store.ListChannelsAsync(user, null, 50, Cancel).AsTask());
            TestContext.Current.TestOutputHelper!.WriteLine($"{plans.Single(IsList).Pages} pages for the list of {user}");
            plans.Single(IsList).Pages.Should().BeLessThan(MostPagesOfCounts, "of {0}'s list\n{1}", user, plans.Single(IsList).Plan);
        }
    }

    private async Task AssertListOfManyAsync(PostgreSqlStore store)
    {
        const int page = 50;
        string? next = null;
        for (var number = 0; number < 3; number++)
        {
            var before = next;
            var list = (await PlansAsync(async () => next = (await store.ListChannelsAsync("everywhere", before, page, Cancel)).Next)).Single(IsList);
            TestContext.Current.TestOutputHelper!.WriteLine($"{list.Pages} pages, {list.Rows} rows for page {number} of the channels of one who is in 3,000");
            list.Pages.Should().BeLessThan(MostPagesOfOne * page, "of\n{0}", list.Plan);
        }
    }

    private static bool IsList(LoggedStatement statement) => statement.Sql.Contains("WITH memberships", StringComparison.Ordinal);

    private static async Task CallAllAsync(PostgreSqlStore store, int round)
    {
        var page = new PageLimit(50, int.MaxValue);
        foreach (var channel in (string[])["big", "room1"])
        {
            var last = (await store.ReadHeadsAsync([channel], Cancel))[0].Sequence;
            foreach (var query in (HistoryQuery[])
            [
                new(channel, page), new(channel, page, After: 0), new(channel, page, Before: last / 2), new(channel, page, After: last / 2),
                new(channel, page, Thread: 1), new(channel, page, After: 0, Thread: 1), new(channel, page, Before: last / 2, Thread: 1),
            ])
            {
                (await store.ReadHistoryAsync(query, Cancel))!.Messages.Count.Should().Be(last == 0 ? 0 : 50);
            }

            await store.ReadChangesAsync(channel, last - 20, page, Cancel);
            await store.ReadChangesAsync(channel, 0, page, Cancel);
            await store.FindAsync(channel, "user3", Cancel);
            await store.ListMembersAsync(channel, "user20", 50, Cancel);
            await store.ListOwnReactionsAsync(channel, 1, "user3", Cancel);
            await store.MoveReadMarkAsync(channel, "user3", last, Cancel);
            await store.ApplyAsync(new RoleChange(channel, "zoe", ChannelRole.Moderator), Cancel);
            await store.ApplyAsync(new RemoveChange(channel, "zoe"), Cancel);
            await store.ApplyAsync([new JoinChange(channel, "zoe"), new JoinChange(channel, "zac")], Cancel);
            await store.BlockAsync(new BlockChange("zoe", "user3"), Cancel);
            await store.BlockAsync(new BlockChange("zoe", "user3", Remove: true), Cancel);
            await store.ApplyAsync([new RemoveChange(channel, "zoe"), new RemoveChange(channel, "zac")], Cancel);
            await ChangeAsync(store, channel, last);
        }

        // One who has read nearly all, and one who has read nothing.
        foreach (var user in (string[])["user4", "user1", "everywhere"])
        {
            var channels = await store.ListChannelsAsync(user, null, 50, Cancel);
            await store.ListChannelsAsync(user, channels.Next, 50, Cancel);
        }

        await store.ReadHeadsAsync([.. Enumerable.Range(1, 400).Select(number => $"room{number}")], Cancel);
        PostChange[] posts = [.. Enumerable.Range(1, 64).Select(number => Changes.Post($"room{number}", "x"))];
        await store.AppendAsync(posts, Cancel);
        await store.AppendAsync(posts, Cancel);
        await store.CreateAsync(Changes.Channel($"new{round}"), Cancel);
        await store.AppendAsync([Changes.Post($"new{round}", "x")], Cancel);
        await store.DeleteAsync($"new{round}", Cancel);
    }

    private static async Task ChangeAsync(PostgreSqlStore store, string channel, long last)
    {
        var time = DateTimeOffset.UnixEpoch;
        var post = Changes.Post(channel, "x");
        var edit = new ContentEdit(new PartEdit<string>(true, $"{last}"), Mentions: new PartEdit<IReadOnlyList<string>>(true, ["ann", "bob"]));
        await store.AppendAsync([post with { ReplyTo = 10 }, post with { OnlyIfKnown = true }, new EditChange(channel, time, 3, edit)], Cancel);
        await store.AppendAsync([new ReactChange(channel, time, 1, "zoe", "+", false), new ReactChange(channel, time, 1, "user5", "+", true)], Cancel);
        await store.AppendAsync([new ReactChange(channel, time, 1, "zoe", "+", true), new ReactChange(channel, time, 1, "user5", "+", false)], Cancel);
        await store.AppendAsync([new DeleteChange(channel, time, 501), new DeleteChange(channel, time, 3)], Cancel);
    }

    private async Task<IReadOnlyList<LoggedStatement>> PlansAsync(Func<Task> calls)
    {
        await _log.ReadAsync();
        await calls();
        return await _log.ReadAsync();
    }

    private static void AssertByIndex(IReadOnlyList<LoggedStatement> plans)
    {
        plans.Where(plan => plan.Plan.Contains("messages_pkey", StringComparison.Ordinal)).Should().NotBeEmpty("that is how the log is told from an empty one");
        plans.Select(plan => plan.Sql).Distinct().Should().HaveCountGreaterThan(25, "every statement was seen");
        foreach (var plan in plans.GroupBy(plan => plan.Sql).Select(calls => calls.MaxBy(plan => plan.Pages)!).OrderByDescending(plan => plan.Pages))
            TestContext.Current.TestOutputHelper!.WriteLine($"{plan.Pages,6} pages: {plan.Sql.ReplaceLineEndings(" ")}");
        foreach (var plan in plans)
        {
            SequentialScans().Matches(plan.Plan).Select(match => match.Value).Should().BeEmpty("of {0}\n{1}", plan.Sql, plan.Plan);
            plan.Pages.Should().BeLessThan(IsList(plan) ? MostPagesOfAList : MostPages, "of {0}\n{1}", plan.Sql, plan.Plan);
        }
    }

    // The list of what deleted channels have left is short, and the schema's version and a sequence have one row.
    [GeneratedRegex(@"Seq Scan on (?!discarded|schema_version|search_positions)\w+")]
    private static partial Regex SequentialScans();
}
