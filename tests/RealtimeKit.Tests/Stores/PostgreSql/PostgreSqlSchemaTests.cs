using FluentAssertions;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The schema is made once, moves forward only, and is left alone where it is somebody else's.</summary>
public sealed class PostgreSqlSchemaTests : IAsyncLifetime
{
    private TemporarySchema _schema = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _schema = await TemporarySchema.CreateAsync();

    public ValueTask DisposeAsync() => _schema.DisposeAsync();

    [Fact]
    public async Task Ten_nodes_may_start_at_once_on_an_empty_database()
    {
        var nodes = Enumerable.Range(0, 10).Select(_ => _schema.Open()).ToArray();
        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.InitializeAsync(Cancel).AsTask(), Cancel)));
        await Changes.CreateLobbyAsync(nodes[0]);
        await Task.WhenAll(nodes.Select(node => node.AppendAsync([Changes.Post("lobby", "x")], Cancel).AsTask()));
        (await nodes[9].ReadHeadsAsync(["lobby"], Cancel))[0].Sequence.Should().Be(10);
        (await _schema.RunAsync("SELECT string_agg(version::text, ' ') FROM schema_version")).Should().Be("2");
        foreach (var node in nodes) await node.DisposeAsync();
    }

    [Fact]
    public async Task First_calls_make_the_schema_where_nothing_else_did()
    {
        await using var node = _schema.Open();
        await using var other = _schema.Open();
        var made = await Task.WhenAll(
            node.CreateAsync(Changes.Channel("lobby"), Cancel).AsTask(), other.CreateAsync(Changes.Channel("lobby"), Cancel).AsTask());
        made.Select(one => one.Outcome).Should().BeEquivalentTo([CreateOutcome.Created, CreateOutcome.Taken]);
    }

    [Fact]
    public async Task Schema_that_is_there_and_empty_is_used()
    {
        await _schema.RunAsync($"CREATE SCHEMA {_schema.Name}");
        await using var store = _schema.Open();
        await store.InitializeAsync(Cancel);
        await Changes.CreateLobbyAsync(store);
    }

    [Fact]
    public async Task Schema_of_a_newer_version_is_refused()
    {
        await using (var store = _schema.Open()) await store.InitializeAsync(Cancel);
        await _schema.RunAsync("UPDATE schema_version SET version = 99");
        await using var older = _schema.Open();
        await older.Invoking(one => one.InitializeAsync(Cancel).AsTask())
            .Should().ThrowAsync<InvalidOperationException>().WithMessage($"*'{_schema.Name}'*version 99*up to 2*newer one*");
        await older.Invoking(one => one.FindAsync("lobby", "ann", Cancel).AsTask()).Should().ThrowAsync<InvalidOperationException>();
        (await _schema.RunAsync("SELECT version FROM schema_version")).Should().Be(99);
    }

    [Fact]
    public async Task Schema_of_something_else_is_refused_and_left_alone()
    {
        await _schema.RunAsync($"CREATE SCHEMA {_schema.Name}; CREATE TABLE {_schema.Name}.messages(mine int)");
        await using var store = _schema.Open();
        await store.Invoking(one => one.InitializeAsync(Cancel).AsTask())
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*schema of their own*");
        (await _schema.RunAsync($"SELECT count(*) FROM pg_class WHERE relnamespace = '{_schema.Name}'::regnamespace")).Should().Be(1L);
    }

    [Fact]
    public async Task Two_schemas_of_one_database_do_not_meet()
    {
        await using var otherSchema = new TemporarySchema(_schema.ConnectionString);
        await using var one = _schema.Open();
        await using var other = otherSchema.Open();
        await Changes.CreateLobbyAsync(one);
        (await other.FindAsync("lobby", "ann", Cancel)).Should().BeNull();
        await Changes.CreateLobbyAsync(other);
        await one.AppendAsync([Changes.Post("lobby", "x")], Cancel);
        (await other.ReadHeadsAsync(["lobby"], Cancel))[0].Sequence.Should().Be(0);
    }

    [Fact]
    public async Task Every_channel_gets_a_new_epoch_however_many_there_are()
    {
        await using var store = _schema.Open();
        await store.InitializeAsync(Cancel);
        await _schema.RunAsync("INSERT INTO channels(name, kind, epoch, created, changed) SELECT 'room' || n, 0, 'old' || n, 0, 0 FROM generate_series(1, 12000) n");
        await store.RenewEpochsAsync(Cancel);
        (await _schema.RunAsync("SELECT count(DISTINCT epoch) FROM channels WHERE epoch NOT LIKE 'old%' AND length(epoch) = 20")).Should().Be(12_000L);
    }

    [Fact]
    public async Task Large_channel_is_deleted_with_all_its_rows()
    {
        const string fill = """
            INSERT INTO messages(channel, sequence, version, time, id, digest, sender, text)
                SELECT id, s, s, s, gen_random_uuid(), gen_random_uuid(), 'ann', 'x' FROM channels, generate_series(1, 12000) s;
            INSERT INTO members(channel, user_id, role) SELECT id, 'user' || s, 0 FROM channels, generate_series(1, 6000) s;
            INSERT INTO tallies(channel, kind, user_id, block, count) SELECT id, 1, 'user' || s, 0, 1 FROM channels, generate_series(1, 6000) s;
            INSERT INTO sanctions(channel, kind, user_id, time) SELECT id, s % 2, 'user' || s, 0 FROM channels, generate_series(1, 6000) s;
            INSERT INTO reactions(channel, sequence, user_id, reaction) SELECT id, 1, 'user' || s, '+' FROM channels, generate_series(1, 6000) s;
            """;
        const string left = """
            SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM members) + (SELECT count(*) FROM reactions) + (SELECT count(*) FROM tallies) + (SELECT count(*) FROM sanctions) + (SELECT count(*) FROM discarded)
            """;
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await _schema.RunAsync(fill);
        (await store.DeleteAsync("lobby", Cancel)).Should().BeTrue();
        await _schema.UntilAsync(left, 0L);
        (await store.DeleteAsync("lobby", Cancel)).Should().BeFalse();
    }
}
