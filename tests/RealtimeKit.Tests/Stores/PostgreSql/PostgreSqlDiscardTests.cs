using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using RealtimeKit.Tests.Engine;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>The rows of deleted channels go, whoever deletes at the same time and whoever dies amid it, and nobody waits for them.</summary>
public sealed class PostgreSqlDiscardTests
{
    private const string Left = "SELECT count(*) FROM messages";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_deletions_at_once_leave_no_row()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var one = schema.Open();
        await using var other = schema.Open();
        await one.CreateAsync(Changes.Channel("large"), Cancel);
        await one.CreateAsync(Changes.Channel("empty"), Cancel);
        await FillAsync(schema, "(SELECT id FROM channels WHERE name = 'large')", 60_000);
        (await Task.WhenAll(one.DeleteAsync("large", Cancel).AsTask(), other.DeleteAsync("empty", Cancel).AsTask())).Should().Equal(true, true);
        await schema.UntilAsync(Left, 0L);
        await schema.UntilAsync("SELECT count(*) FROM discarded", 0L);
    }

    [Fact]
    public async Task What_a_dead_node_left_goes_at_the_next_start()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using (var dead = schema.Open()) await dead.InitializeAsync(Cancel);
        await LeaveAsync(schema);
        await using var store = schema.Open();
        await store.InitializeAsync(Cancel);
        await schema.UntilAsync(Left, 0L);
        await schema.UntilAsync("SELECT count(*) FROM discarded", 0L);
    }

    [Fact]
    public async Task What_a_node_leaves_that_dies_the_others_remove()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        var time = new FakeTimeProvider();
        await using var store = schema.Open(time: time);
        await store.InitializeAsync(Cancel);
        await LeaveAsync(schema);
        var started = TimeProvider.System.GetTimestamp();
        while ((long)(await schema.RunAsync(Left))! > 0)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            TimeProvider.System.GetElapsedTime(started).Should().BeLessThan(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task Deletion_is_answered_and_noticed_before_the_rows_are_gone()
    {
        await using var schema = await TemporarySchema.CreateAsync();
        await using var node = await TestNode.StartAsync(messaging => messaging.UsePostgreSqlStore(schema.ConnectionString, options =>
            (options.Schema, options.CommandTimeout) = (schema.Name, TimeSpan.FromMinutes(1))));
        await node.Messaging.Channels.EnsureAsync("large", cancellationToken: Cancel);
        await node.Messaging.Messages.SendAsync("large", "x", cancellationToken: Cancel);
        await using var ann = await node.ConnectAsync("ann");
        await ann.RequestAsync("""{"type":"subscribe","id":2,"channel":"large"}""", 2);

        // Nothing can be removed from the table for as long as somebody reads it under this lock.
        await using var holder = new NpgsqlConnection($"{schema.ConnectionString};Pooling=false;Search Path={schema.Name}");
        await holder.OpenAsync(Cancel);
        await using (var command = new NpgsqlCommand("BEGIN; LOCK TABLE messages IN SHARE MODE", holder)) await command.ExecuteNonQueryAsync(Cancel);
        (await node.Messaging.Channels.DeleteAsync("large", Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel)).Should().BeTrue();
        (await ann.WaitForAsync("revoked")).GetProperty("reason").GetString().Should().Be("deleted");
        (await schema.RunAsync(Left)).Should().Be(1L);
        await using (var command = new NpgsqlCommand("COMMIT", holder)) await command.ExecuteNonQueryAsync(Cancel);
        await schema.UntilAsync(Left, 0L);
    }

    // As a node leaves it that was killed after the channel's own row had gone.
    private static async Task LeaveAsync(TemporarySchema schema)
    {
        await schema.RunAsync("INSERT INTO discarded VALUES(99)");
        await FillAsync(schema, "99", 12_000);
    }

    private static Task FillAsync(TemporarySchema schema, string channel, int count) => schema.RunAsync($"""
        INSERT INTO messages(channel, sequence, version, time, id, digest, sender, text)
        SELECT {channel}, s, s, s, gen_random_uuid(), gen_random_uuid(), 'ann', 'a confidential text' FROM generate_series(1, {count}) s
        """);
}
