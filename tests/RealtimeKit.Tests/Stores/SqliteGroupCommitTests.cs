using FluentAssertions;
using Microsoft.Data.Sqlite;
using RealtimeKit.Sqlite;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What is written at the same time shares a commit, and nothing else.</summary>
public sealed class SqliteGroupCommitTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Marks_joins_and_channels_ride_with_the_messages()
    {
        const int users = 20;
        using var store = await OpenAsync();
        var before = _database.CountCommits();
        var marks = new List<Task<ReadMark?>>();
        var joins = new List<Task<MemberResult>>();
        var others = new List<Task>();
        await WhileLockedAsync(() =>
        {
            for (var user = 0; user < users; user++)
            {
                marks.Add(store.MoveReadMarkAsync("lobby", $"user{user}", 1, Cancel).AsTask());
                joins.Add(store.ApplyAsync(new JoinChange("lobby", $"user{user}"), Cancel).AsTask());
                others.Add(store.CreateAsync(Changes.Channel($"channel{user}"), Cancel).AsTask());
                others.Add(store.ApplyAsync(new RemoveChange("lobby", "bob"), Cancel).AsTask());
                others.Add(store.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask());
            }
        });
        await Task.WhenAll([.. marks, .. joins, .. others]);

        (await Task.WhenAll(marks)).Should().OnlyContain(static mark => mark == new ReadMark(1, true));
        (await Task.WhenAll(joins)).Should().OnlyContain(static result => result.Outcome == MemberOutcome.Changed);
        (await store.ReadHeadsAsync(["lobby"], Cancel))[0].Sequence.Should().Be(1 + users);
        (await store.FindAsync("lobby", "user19", Cancel))!.Read.Should().Be(1);
        (_database.CountCommits() - before).Should().BeLessThanOrEqualTo(2, "the first commits alone, and all others meanwhile gather");
    }

    [Fact]
    public async Task Write_that_fails_is_undone_alone()
    {
        using var store = await OpenAsync();
        await store.RunOnWriterAsync(
            "CREATE TRIGGER refuses BEFORE INSERT ON marks WHEN new.user = 'eve' BEGIN SELECT RAISE(ABORT, 'not eve'); END");
        Task<ReadMark?> eve = null!, ann = null!;
        Task<IReadOnlyList<AppendResult>> before = null!, foreign = null!, after = null!;
        await WhileLockedAsync(() =>
        {
            before = store.AppendAsync([Changes.Post("lobby", "before")], Cancel).AsTask();
            eve = store.MoveReadMarkAsync("lobby", "eve", 1, Cancel).AsTask();
            foreign = store.AppendAsync([Changes.Post("lobby", "half"), new ForeignChange("lobby", default)], Cancel).AsTask();
            ann = store.MoveReadMarkAsync("lobby", "ann", 1, Cancel).AsTask();
            after = store.AppendAsync([Changes.Post("lobby", "after")], Cancel).AsTask();
        });

        (await eve.Awaiting(one => one).Should().ThrowAsync<InvalidOperationException>("no other call is to be tried again for it"))
            .WithMessage("*not eve*").WithInnerException<SqliteException>();
        await foreign.Awaiting(one => one).Should().ThrowAsync<ArgumentException>();
        (await before)[0].Message!.Sequence.Should().Be(2);
        (await after)[0].Message!.Sequence.Should().Be(3);
        (await ann)!.Value.Moved.Should().BeTrue();
        (await Changes.TextsAsync(store)).Should().Equal("first", "before", "after");
    }

    [Fact]
    public async Task Write_that_is_given_up_while_it_waits_never_begins()
    {
        using var store = await OpenAsync();
        using var cancellation = new CancellationTokenSource();
        Task<ReadMark?> mark = null!;
        Task holding = null!;
        await WhileLockedAsync(() =>
        {
            holding = store.RunOnWriterAsync("BEGIN IMMEDIATE; ROLLBACK");
            mark = store.MoveReadMarkAsync("lobby", "ann", 1, cancellation.Token).AsTask();
            cancellation.Cancel();
            mark.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>().GetAwaiter().GetResult();
        });

        await holding;
        (await store.FindAsync("lobby", "ann", Cancel))!.Read.Should().Be(0);
    }

    // The other connection has the lock, so that the first write waits for it, and the others for the first.
    private async Task WhileLockedAsync(Action begin)
    {
        using var other = _database.Connect();
        Execute(other, "BEGIN IMMEDIATE");
        await Task.Run(begin, Cancel);
        Execute(other, "ROLLBACK");
    }

    private async Task<SqliteStore> OpenAsync()
    {
        var store = _database.Open(options => options.BusyTimeout = TimeSpan.FromSeconds(30));
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "first")], Cancel);
        return store;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed record ForeignChange(string Channel, DateTimeOffset Time) : MessageChange(Channel, Time);
}
