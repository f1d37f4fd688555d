using FluentAssertions;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>Which files the store opens, which it refuses, and what a restart leaves.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Restart_keeps_everything()
    {
        var post = Changes.Post("lobby", "kept");
        using (var store = _database.Open())
        {
            await Changes.CreateLobbyAsync(store);
            await store.AppendAsync([post, new ReactChange("lobby", post.Time, 1, "bob", "👍", false)], Cancel);
            await store.MoveReadMarkAsync("lobby", "bob", 1, Cancel);
        }

        using var again = _database.Open();
        var page = await again.ReadChangesAsync("lobby", 0, Changes.All, Cancel);
        var view = await again.FindAsync("lobby", "bob", Cancel);
        view!.Read.Should().Be(1);
        page!.Head.Should().BeEquivalentTo(view.Head);
        page.Messages.Should().ContainSingle().Which.Reactions.Should().ContainSingle().Which.Users.Should().Equal("bob");
        (await again.AppendAsync([post], Cancel))[0].Outcome.Should().Be(AppendOutcome.Duplicate);
    }

    [Fact]
    public async Task Epoch_survives_a_restart()
    {
        string epoch;
        using (var store = _database.Open())
        {
            await Changes.CreateLobbyAsync(store);
            epoch = (await store.ReadHeadsAsync(["lobby"], Cancel))[0].Epoch;
        }

        using var again = _database.Open();
        (await again.ReadHeadsAsync(["lobby"], Cancel))[0].Epoch.Should().Be(epoch);
    }

    [Fact]
    public async Task Database_of_a_newer_version_is_refused_with_both_versions()
    {
        using (var store = _database.Open()) await store.InitializeAsync(Cancel);
        _database.Execute("PRAGMA user_version = 99");

        using var again = _database.Open();
        (await again.Invoking(store => store.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("*version 99*up to 2*");
        await again.Invoking(store => store.FindAsync("lobby", "ann", Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Theory]
    [InlineData("CREATE TABLE theirs(id INTEGER)")]
    [InlineData("PRAGMA application_id = 7; CREATE TABLE theirs(id INTEGER)")]
    [InlineData("PRAGMA user_version = 1")]
    public async Task Database_of_another_application_is_refused_and_left_alone(string theirs)
    {
        _database.Execute(theirs);
        var before = await File.ReadAllBytesAsync(_database.Path, Cancel);
        using (var store = _database.Open())
        {
            (await store.Invoking(one => one.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>())
                .WithMessage("*another application*");
        }

        (await File.ReadAllBytesAsync(_database.Path, Cancel)).Should().Equal(before);
    }

    [Fact]
    public async Task File_that_is_no_database_is_refused()
    {
        await File.WriteAllTextAsync(_database.Path, new string('x', 5_000), Cancel);
        using var store = _database.Open();
        (await store.Invoking(one => one.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("*not an SQLite database*");
    }

    [Fact]
    public async Task Missing_folder_is_told_as_out_of_reach()
    {
        using var store = _database.Open(options => options.ConnectionString = "Data Source=/nowhere/at/all/chat.db");
        (await store.Invoking(one => one.InitializeAsync(Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>())
            .WithMessage("*/nowhere/at/all/chat.db*");
    }

    [Fact]
    public async Task Two_stores_that_make_the_same_file_at_once_both_work()
    {
        // Often, because only some of the ways in which the two may overlap are dangerous.
        for (var round = 0; round < 200; round++)
        {
            using var database = new TemporaryDatabase();
            using var one = database.Open();
            using var two = database.Open();
            await Task.WhenAll(Task.Run(() => one.InitializeAsync(Cancel).AsTask(), Cancel), Task.Run(() => two.InitializeAsync(Cancel).AsTask(), Cancel));
            await Changes.CreateLobbyAsync(one);
            (await two.AppendAsync([Changes.Post("lobby", "x")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
            (await one.AppendAsync([Changes.Post("lobby", "y")], Cancel))[0].Message!.Sequence.Should().Be(2);
        }
    }

    [Fact]
    public async Task Durability_is_what_was_promised()
    {
        using var store = _database.Open();
        await store.InitializeAsync(Cancel);
        Scalar("PRAGMA application_id").Should().Be(0x52544B74);
        Scalar("PRAGMA user_version").Should().Be(2);
        (await store.ReadOnWriterAsync("PRAGMA journal_mode")).Should().Be("wal");
        (await store.ReadOnWriterAsync("PRAGMA synchronous")).Should().Be("2", "that is FULL");
        (await store.ReadOnWriterAsync("PRAGMA foreign_keys")).Should().Be("1");
        (await store.ReadOnWriterAsync("PRAGMA secure_delete")).Should().Be("1", "that is ON");
    }

    private long Scalar(string sql)
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
