using FluentAssertions;
using Npgsql;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>An acknowledgement means a durable commit, whatever the server's defaults are and however the commit fails.</summary>
public sealed class PostgreSqlDurabilityTests : IAsyncLifetime
{
    private const string FailAtCommit = """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'at the commit'; END $$;
        CREATE CONSTRAINT TRIGGER fails AFTER INSERT OR UPDATE ON messages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
        """;

    private const string NoteSettings = """
        CREATE TABLE noted(synchronous text, isolation text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO noted VALUES(current_setting('synchronous_commit'), current_setting('transaction_isolation')); RETURN NULL; END $$;
        CREATE TRIGGER notes AFTER INSERT OR UPDATE ON messages EXECUTE FUNCTION note();
        """;

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
    public async Task Failure_of_the_commit_itself_is_no_success()
    {
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "before")], Cancel);
        await _schema.RunAsync(FailAtCommit);
        await store.Invoking(one => one.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask())
            .Should().ThrowAsync<PostgresException>().WithMessage("*at the commit*");
        await store.Invoking(one => one.AppendAsync([new DeleteChange("lobby", DateTimeOffset.UnixEpoch, 1)], Cancel).AsTask())
            .Should().ThrowAsync<PostgresException>().WithMessage("*at the commit*");
        (await Changes.TextsAsync(store)).Should().Equal("before");

        await _schema.RunAsync("DROP TRIGGER fails ON messages");
        (await store.AppendAsync([Changes.Post("lobby", "y")], Cancel))[0].Message!.Version.Should().Be(2);
    }

    [Theory]
    [InlineData("off", "on")]
    [InlineData("local", "on")]
    [InlineData("remote_write", "on")]
    [InlineData("on", "on")]
    [InlineData("remote_apply", "remote_apply")]
    public async Task Defaults_of_the_server_do_not_weaken_a_commit(string configured, string used)
    {
        await _schema.RunAsync($"ALTER DATABASE postgres SET synchronous_commit = {configured}");
        await _schema.RunAsync("ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'");
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await _schema.RunAsync(NoteSettings);
        await store.AppendAsync([Changes.Post("lobby", "x")], Cancel);
        await store.AppendAsync([new DeleteChange("lobby", DateTimeOffset.UnixEpoch, 1)], Cancel);
        (await _schema.RunAsync("SELECT array_agg(synchronous || ' ' || isolation) FROM noted"))
            .Should().BeEquivalentTo(new[] { $"{used} read committed", $"{used} read committed" });
    }

    [Fact]
    public async Task Commit_that_a_standby_should_hold_and_does_not_is_no_success()
    {
        const string cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'RealtimeKit' AND wait_event = 'SyncRep'";
        await using var store = _schema.Open(options => options.CommandTimeout = TimeSpan.FromMinutes(1));
        await Changes.CreateLobbyAsync(store);
        await _schema.RunAsync("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await _schema.RunAsync("SELECT pg_reload_conf()");
        // Its wait for the standby is broken off, which the server calls a success: the message is stored, but on one machine only.
        var post = Changes.Post("lobby", "x");
        var append = store.AppendAsync([post], Cancel).AsTask();
        for (var cancelled = 0L; cancelled == 0 && !append.IsCompleted;) cancelled = (long)(await _schema.RunAsync(cancel))!;
        await append.Awaiting(one => one).Should().ThrowAsync<StoreUnavailableException>();

        await _schema.RunAsync("ALTER SYSTEM RESET synchronous_standby_names");
        await _schema.RunAsync("SELECT pg_reload_conf()");
        (await store.AppendAsync([post], Cancel))[0].Outcome.Should().Be(AppendOutcome.Duplicate);
    }

    [Fact]
    public async Task Change_of_a_foreign_kind_undoes_its_batch_and_is_told()
    {
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        var post = Changes.Post("lobby", "x");
        await store.Invoking(one => one.AppendAsync([post, new ForeignChange("lobby", post.Time)], Cancel).AsTask())
            .Should().ThrowAsync<ArgumentException>();
        (await Changes.TextsAsync(store)).Should().BeEmpty();
        (await store.AppendAsync([post], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
    }

    private sealed record ForeignChange(string Channel, DateTimeOffset Time) : MessageChange(Channel, Time);
}
