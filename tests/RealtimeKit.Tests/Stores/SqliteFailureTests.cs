using System.Text;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using RealtimeKit.Sqlite;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What happens when SQLite cannot: nothing is acknowledged, nothing is half there, and it works again by itself.</summary>
public sealed class SqliteFailureTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Full_disk_is_unavailable_and_leaves_nothing_of_the_batch()
    {
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "before")], Cancel);
        var batch = Enumerable.Range(0, 200).Select(MessageChange (_) => Changes.Post("lobby", new string('x', 1_000))).ToList();

        // SQLite answers SQLITE_FULL, as it does for a full disk, when the file may grow no more.
        await store.RunOnWriterAsync("PRAGMA max_page_count = 1");
        for (var attempt = 0; attempt < 2; attempt++)
            (await FailAsync(store, batch)).InnerException.Should().BeOfType<SqliteException>().Which.SqliteErrorCode.Should().Be(13);
        (await Changes.TextsAsync(store)).Should().Equal("before");

        await store.RunOnWriterAsync("PRAGMA max_page_count = 1000000");
        (await store.AppendAsync(batch, Cancel)).Should().OnlyContain(result => result.Outcome == AppendOutcome.Appended);
        (await store.ReadHeadsAsync(["lobby"], Cancel))[0].Sequence.Should().Be(201);
    }

    [Fact]
    public async Task Locked_file_is_unavailable_until_the_lock_goes()
    {
        using var store = _database.Open(options => options.BusyTimeout = TimeSpan.Zero);
        await Changes.CreateLobbyAsync(store);
        var post = Changes.Post("lobby", "x");
        using (var other = _database.Connect())
        {
            Execute(other, "BEGIN IMMEDIATE");
            await FailAsync(store, [post]);
            await store.Invoking(one => one.MoveReadMarkAsync("lobby", "ann", 1, Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>();
            (await Changes.TextsAsync(store)).Should().BeEmpty("readers need no lock");
            Execute(other, "ROLLBACK");
        }

        (await store.AppendAsync([post], Cancel))[0].Message!.Sequence.Should().Be(1);
    }

    [Fact]
    public async Task Locked_file_at_start_is_unavailable_and_then_works()
    {
        using var store = _database.Open(options => options.BusyTimeout = TimeSpan.Zero);
        using (var other = _database.Connect())
        {
            Execute(other, "BEGIN EXCLUSIVE");
            await store.Invoking(one => one.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>();
            Execute(other, "ROLLBACK");
        }

        await store.InitializeAsync(Cancel);
        await Changes.CreateLobbyAsync(store);
    }

    [Fact]
    public async Task Failure_of_the_commit_itself_is_no_success()
    {
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        // A reference that is checked at the commit only, and broken by every new message.
        await store.RunOnWriterAsync("""
            CREATE TABLE broken(message INTEGER REFERENCES messages(key) DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER breaks AFTER INSERT ON messages BEGIN INSERT INTO broken VALUES(-1); END;
            """);
        await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask())
            .Should().ThrowAsync<InvalidOperationException>().WithInnerException<InvalidOperationException, SqliteException>();
        (await Changes.TextsAsync(store)).Should().BeEmpty();

        await store.RunOnWriterAsync("DROP TRIGGER breaks");
        (await store.AppendAsync([Changes.Post("lobby", "y")], Cancel))[0].Message!.Version.Should().Be(1);
    }

    [Fact]
    public async Task Damaged_page_of_one_channel_is_no_outage()
    {
        const string mark = "on-the-damaged-page";
        using (var store = _database.Open())
        {
            await store.CreateAsync(Changes.Channel("bad"), Cancel);
            await store.AppendAsync([.. Enumerable.Range(1, 300).Select(number => Changes.Post("bad", number == 150 ? mark : new string('x', 100)))], Cancel);
            await store.CreateAsync(Changes.Channel("good"), Cancel);
            await store.AppendAsync([.. Enumerable.Range(1, 300).Select(_ => Changes.Post("good", new string('y', 100)))], Cancel);
        }

        Damage(mark);
        using var again = _database.Open();
        var edit = new EditChange("bad", DateTimeOffset.UnixEpoch, 150, new ContentEdit(new PartEdit<string>(true, "changed")));
        var bad = Enumerable.Range(0, 5).Select(_ => again.AppendAsync([edit], Cancel).AsTask()).ToList();
        var good = Enumerable.Range(0, 5).Select(_ => again.AppendAsync([Changes.Post("good", "z")], Cancel).AsTask()).ToList();
        foreach (var one in bad)
            (await one.Awaiting(task => task).Should().ThrowAsync<InvalidOperationException>()).WithMessage("*integrity_check*").WithInnerException<SqliteException>();
        foreach (var one in good) (await one)[0].Outcome.Should().Be(AppendOutcome.Appended);
        await again.Invoking(store => Changes.TextsOfAsync(store, "bad")).Should().ThrowAsync<InvalidOperationException>();
        (await Changes.TextsOfAsync(again, "good")).Should().HaveCount(305);
    }

    [Fact]
    public async Task Transaction_that_was_left_open_is_undone_and_the_writer_replaced()
    {
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        await store.RunOnWriterAsync("BEGIN; INSERT INTO marks(channel, user, sequence) VALUES(1, 'eve', 1); PRAGMA cache_size = 7");
        await FailAsync(store, [Changes.Post("lobby", "x")]);
        (await store.AppendAsync([Changes.Post("lobby", "y")], Cancel))[0].Message!.Sequence.Should().Be(1);
        (await store.FindAsync("lobby", "eve", Cancel))!.Read.Should().Be(0);
        (await store.ReadOnWriterAsync("PRAGMA cache_size")).Should().NotBe("7", "the connection is another one");
    }

    [Fact]
    public async Task Change_of_a_foreign_kind_undoes_its_batch_and_is_told()
    {
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        var post = Changes.Post("lobby", "x");
        await store.Invoking(one => one.AppendAsync([post, new ForeignChange("lobby", post.Time)], Cancel).AsTask())
            .Should().ThrowAsync<ArgumentException>();
        (await Changes.TextsAsync(store)).Should().BeEmpty();
        (await store.AppendAsync([post], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
    }

    [Fact]
    public async Task Readers_read_while_a_write_is_under_way()
    {
        using var store = _database.Open(options => options.BusyTimeout = TimeSpan.Zero);
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "before")], Cancel);
        await store.RunOnWriterAsync("BEGIN IMMEDIATE; INSERT INTO marks(channel, user, sequence) VALUES(1, 'writing', 1)");

        var readers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Changes.TextsAsync(store), Cancel)));
        readers.Should().OnlyContain(texts => texts.SequenceEqual(new[] { "before" }));
        (await store.FindAsync("lobby", "writing", Cancel))!.Read.Should().Be(0, "it is not committed");
        await store.RunOnWriterAsync("COMMIT");
        (await store.FindAsync("lobby", "writing", Cancel))!.Read.Should().Be(1);
    }

    [Fact]
    public async Task Store_that_was_disposed_says_so()
    {
        var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        store.Dispose();
        store.Dispose();
        await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await store.Invoking(one => one.FindAsync("lobby", "ann", Cancel).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    private static async Task<StoreUnavailableException> FailAsync(SqliteStore store, IReadOnlyList<MessageChange> changes) =>
        (await store.Invoking(one => one.AppendAsync(changes, Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>()).Which;

    // The head of the page that has the marked message becomes nonsense.
    private void Damage(string mark)
    {
        const int page = 4096, head = 8;
        var bytes = File.ReadAllBytes(_database.Path);
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(mark)) / page * page;
        at.Should().BeGreaterThan(0);
        bytes.AsSpan(at, head).Fill(0xFF);
        File.WriteAllBytes(_database.Path, bytes);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed record ForeignChange(string Channel, DateTimeOffset Time) : MessageChange(Channel, Time);
}
