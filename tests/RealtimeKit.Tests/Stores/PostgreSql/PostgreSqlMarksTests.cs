using System.Globalization;
using FluentAssertions;
using Npgsql;
using RealtimeKit.PostgreSql;
using RealtimeKit.Servers;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Read marks of many readers go to PostgreSQL together.</summary>
public sealed class PostgreSqlMarksTests : IAsyncLifetime
{
    private PostgreSqlServer _server = null!;
    private TemporarySchema _schema = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.CreateAsync();
        _schema = new TemporarySchema(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Marks_that_wait_go_in_a_few_transactions()
    {
        const int readers = 1_000, mostTransactions = 10;
        await using var store = await OpenAsync();
        var before = await TransactionsAsync();
        List<Task<ReadMark?>> marks = [];
        await WhileLockedAsync(store, () =>
            marks.AddRange(Enumerable.Range(0, readers).Select(number => store.MoveReadMarkAsync("lobby", $"reader{number}", 1, Cancel).AsTask())));

        (await Task.WhenAll(marks)).Should().OnlyContain(static mark => mark == new ReadMark(1, true));
        (await TransactionsAsync() - before).Should().BeLessThan(mostTransactions, "{0} readers mark one message", readers);
        (await store.FindAsync("lobby", "reader999", Cancel))!.Read.Should().Be(1);
    }

    [Fact]
    public async Task Mark_that_cannot_be_stored_fails_alone()
    {
        await using var store = await OpenAsync();
        await _schema.RunAsync("ALTER TABLE marks ADD CHECK (user_id <> 'eve')");
        Task<ReadMark?> ann = null!, eve = null!, bob = null!;
        await WhileLockedAsync(store, () =>
        {
            ann = store.MoveReadMarkAsync("lobby", "ann", 1, Cancel).AsTask();
            eve = store.MoveReadMarkAsync("lobby", "eve", 1, Cancel).AsTask();
            bob = store.MoveReadMarkAsync("lobby", "bob", 1, Cancel).AsTask();
        });

        await eve.Awaiting(static one => one).Should().ThrowAsync<PostgresException>();
        (await ann).Should().Be(new ReadMark(1, true));
        (await bob).Should().Be(new ReadMark(1, true));
    }

    [Fact]
    public async Task Mark_that_is_given_up_while_it_waits_never_begins()
    {
        await using var store = await OpenAsync();
        using var cancellation = new CancellationTokenSource();
        Task<ReadMark?> ann = null!;
        await WhileLockedAsync(store, () =>
        {
            ann = store.MoveReadMarkAsync("lobby", "ann", 1, cancellation.Token).AsTask();
            cancellation.Cancel();
        });

        await ann.Awaiting(static one => one).Should().ThrowAsync<OperationCanceledException>();
        // A later mark has been answered since.
        await store.MoveReadMarkAsync("lobby", "zoe", 1, Cancel);
        (await store.FindAsync("lobby", "ann", Cancel))!.Read.Should().Be(0);
    }

    private async Task<PostgreSqlStore> OpenAsync()
    {
        var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "first")], Cancel);
        return store;
    }

    private async Task<long> TransactionsAsync() =>
        Convert.ToInt64(await _schema.RunAsync("SELECT pg_current_xact_id()::text::bigint"), CultureInfo.InvariantCulture);

    // One mark waits for the table, and what begins meanwhile for that mark.
    private async Task WhileLockedAsync(PostgreSqlStore store, Action begin)
    {
        await using var holder = new NpgsqlConnection($"{_schema.ConnectionString};Pooling=false;Search Path={_schema.Name}");
        await holder.OpenAsync(Cancel);
        await RunAsync("BEGIN; LOCK TABLE marks IN ACCESS EXCLUSIVE MODE");
        var first = store.MoveReadMarkAsync("lobby", "first", 1, Cancel).AsTask();
        await _schema.UntilAsync("SELECT count(*) FROM pg_locks WHERE NOT granted", 1L);
        begin();
        await RunAsync("ROLLBACK");
        await first;

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, holder);
            await command.ExecuteNonQueryAsync(Cancel);
        }
    }
}
