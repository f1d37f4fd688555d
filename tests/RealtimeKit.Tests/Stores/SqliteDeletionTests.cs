using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RealtimeKit.Protocol;
using RealtimeKit.Sqlite;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>A deleted channel is gone at once, its rows go in pieces, and nothing of what was deleted is left in the file.</summary>
public sealed class SqliteDeletionTests : IDisposable
{
    private const int Many = 20_000;

    private static readonly string[] Tables =
        ["channels", "messages", "reactions", "summaries", "mentions", "tallies", "members", "marks", "discarded"];

    private readonly TemporaryDatabase _database = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Deleting_a_channel_leaves_no_row_of_it()
    {
        using var store = _database.Open();
        await Changes.CreateLobbyAsync(store);
        var post = Changes.Post("lobby", "x") with { Content = new MessageContent("x", Mentions: ["bob"]) };
        await store.AppendAsync([post, new ReactChange("lobby", post.Time, 1, "bob", "+", false)], Cancel);
        await store.MoveReadMarkAsync("lobby", "bob", 1, Cancel);
        (await store.DeleteAsync("lobby", Cancel)).Should().BeTrue();
        (await store.DeleteAsync("lobby", Cancel)).Should().BeFalse();
        (await store.FindAsync("lobby", "bob", Cancel)).Should().BeNull();
        await GoneAsync(Tables);
    }

    [Fact]
    public async Task Large_channel_s_deletion_lets_other_writes_pass()
    {
        using var store = _database.Open();
        await FillAsync(store, Many);
        await store.CreateAsync(Changes.Channel("other"), Cancel);
        await store.DeleteAsync("large", Cancel);
        await store.AppendAsync([Changes.Post("other", "x")], Cancel);
        _database.Count("messages").Should().BeGreaterThan(1_000, "the post did not wait for the rows of the deleted channel");

        // The name may be used at once, and what is removed is not of the new channel.
        await store.CreateAsync(Changes.Channel("large"), Cancel);
        await store.AppendAsync([Changes.Post("large", "new")], Cancel);
        await GoneAsync("discarded");
        (await Changes.TextsOfAsync(store, "large")).Should().Equal("new");
        _database.Count("messages").Should().Be(2);
        _database.Count("members").Should().Be(4);
    }

    [Fact]
    public async Task Rows_that_a_stop_left_are_removed_when_the_store_is_opened_again()
    {
        using (var store = _database.Open())
        {
            await FillAsync(store, Many);
            await store.DeleteAsync("large", Cancel);
        }

        _database.Count("messages").Should().BeGreaterThan(1_000);
        using var again = _database.Open();
        await again.InitializeAsync(Cancel);
        await GoneAsync(Tables);
    }

    [Fact]
    public async Task Rows_that_a_failure_left_are_removed_after_a_pause()
    {
        var time = new FakeTimeProvider();
        var failed = new FirstEntry();
        using var store = _database.Open(null, time, failed);
        await FillAsync(store, 100);
        await store.RunOnWriterAsync("CREATE TRIGGER stuck BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'stuck'); END");
        await store.DeleteAsync("large", Cancel);
        (await failed.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel)).Should().Contain("could not be removed");
        _database.Count("messages").Should().Be(100);
        await store.RunOnWriterAsync("DROP TRIGGER stuck");
        await GoneAsync(() => time.Advance(TimeSpan.FromSeconds(10)), Tables);
    }

    [Fact]
    public async Task What_was_deleted_is_not_left_in_the_file()
    {
        const string secret = "what-nobody-may-read";
        var few = string.Concat(Enumerable.Repeat(secret, 20));
        var much = string.Concat(Enumerable.Repeat(secret, 3_000));
        using (var store = _database.Open())
        {
            await Changes.CreateLobbyAsync(store);
            await store.CreateAsync(Changes.Channel("large"), Cancel);
            for (var number = 1; number <= 20; number++)
            {
                var text = number % 4 == 0 ? much : few;
                await store.AppendAsync([Changes.Post("lobby", text), Changes.Post("lobby", "kept"), Changes.Post("large", text)], Cancel);
                await store.AppendAsync([new DeleteChange("lobby", DateTimeOffset.UnixEpoch, (2 * number) - 1)], Cancel);
            }

            await store.DeleteAsync("large", Cancel);
            await GoneAsync("discarded");
            await store.AppendAsync([Changes.Post("lobby", "last")], Cancel);
        }

        _database.Log.Exists.Should().BeFalse();
        var file = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(_database.Path, Cancel));
        file.Should().Contain("kept").And.NotContain(secret[..10]);
    }

    private static async Task FillAsync(SqliteStore store, int messages)
    {
        await store.CreateAsync(Changes.Channel("large"), Cancel);
        foreach (var chunk in Enumerable.Range(0, messages).Chunk(2_000))
            await store.AppendAsync([.. chunk.Select(_ => Changes.Post("large", new string('x', 100)))], Cancel);
    }

    private Task GoneAsync(params string[] tables) => GoneAsync(static () => { }, tables);

    private async Task GoneAsync(Action meanwhile, params string[] tables)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddSeconds(60);
        while (tables.FirstOrDefault(table => _database.Count(table) > 0) is { } left)
        {
            TimeProvider.System.GetUtcNow().Should().BeBefore(deadline, "the rows of {0} should go", left);
            meanwhile();
            await Task.Delay(10, Cancel);
        }
    }

    private sealed class FirstEntry : ILogger<SqliteStore>
    {
        private readonly TaskCompletionSource<string> _entry = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Task => _entry.Task;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _entry.TrySetResult(formatter(state, exception));
    }
}
