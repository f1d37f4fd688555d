using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Npgsql;
using RealtimeKit.PostgreSql;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What happens when PostgreSQL cannot: every call ends in time, nothing is lost or doubled, and it works again by itself.</summary>
public sealed class PostgreSqlFailureTests : IAsyncLifetime
{
    private static readonly string[] Rooms = ["one", "two", "three", "four", "five"];

    // A call may take the timeout twice, where it waits for a connection first, and a second of grace; the rest is the machine's.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private PostgreSqlServer _server = null!;
    private TemporarySchema _schema = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.CreateAsync();
        _schema = new TemporarySchema(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("immediate")]
    [InlineData("fast")]
    public async Task Restarted_server_loses_and_doubles_nothing(string mode)
    {
        await using PostgreSqlStore one = Open(), other = Open();
        await CreateRoomsAsync(one);
        using var writers = new SteadyWriters([one, other], Rooms);
        await writers.RunAsync(async () =>
        {
            await _server.StopAsync(mode);
            await _server.StartAsync();
        });
        writers.Refused.Should().BePositive();
        await writers.AssertWholeAsync(one);
        await writers.AssertWholeAsync(other);
    }

    [Fact]
    public async Task Killed_backends_lose_and_double_nothing()
    {
        const string kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'RealtimeKit'";
        await using PostgreSqlStore one = Open(), other = Open();
        await CreateRoomsAsync(one);
        using var writers = new SteadyWriters([one, other], Rooms);
        await writers.RunAsync(async () =>
        {
            for (var killed = 0L; killed < 60;) killed += (long)(await _schema.RunAsync(kill))!;
        });
        writers.Refused.Should().BePositive();
        await writers.AssertWholeAsync(one);
    }

    [Fact]
    public async Task Frozen_server_is_unavailable_in_time_and_then_works()
    {
        await using var store = Open(options => options.CommandTimeout = Timeout);
        await CreateRoomsAsync(store);
        var post = Changes.Post("one", "x");
        await _server.FreezeAsync();
        try
        {
            await UnavailableAsync(() => store.AppendAsync([post], Cancel).AsTask());
            // Many more than there are connections.
            var reads = Enumerable.Range(0, 50).Select(_ => UnavailableAsync(() => store.FindAsync("one", "ann", Cancel).AsTask()));
            await Task.WhenAll(reads);
            await UnavailableAsync(() => store.AppendAsync([post], Cancel).AsTask());
        }
        finally
        {
            await _server.ThawAsync();
        }

        (await SoonAsync(() => store.AppendAsync([post], Cancel).AsTask()))[0].Message!.Sequence.Should().Be(1);
        (await SoonAsync(() => store.FindAsync("one", "ann", Cancel).AsTask()))!.Head.Sequence.Should().Be(1);
    }

    [Fact]
    public async Task Server_that_takes_connections_and_says_nothing_is_unavailable_in_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var store = new TemporarySchema($"Host=127.0.0.1;Port={port};Username=u;Password=secret;Database=chat")
            .Open(options => options.CommandTimeout = Timeout);
        var error = await UnavailableAsync(() => store.InitializeAsync(Cancel).AsTask());
        error.Message.Should().Contain("'chat'").And.Contain($"127.0.0.1:{port}");
        error.ToString().Should().NotContain("secret");
        await UnavailableAsync(() => store.FindAsync("one", "ann", Cancel).AsTask());
    }

    [Fact]
    public async Task Stuck_reads_hold_up_nobody_else()
    {
        await using var store = Open(options => options.CommandTimeout = Timeout);
        await CreateRoomsAsync(store);
        await using var other = await ConnectAsync();
        await ExecuteAsync(other, "BEGIN; LOCK TABLE members IN ACCESS EXCLUSIVE MODE");
        var stuck = Enumerable.Range(0, 5).Select(_ => UnavailableAsync(() => store.ListMembersAsync("one", null, 10, Cancel).AsTask())).ToArray();
        (await store.AppendAsync([Changes.Post("one", "x")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
        (await store.ReadHeadsAsync(["one"], Cancel))[0].Sequence.Should().Be(1);
        stuck.Should().OnlyContain(read => !read.IsCompleted);
        await Task.WhenAll(stuck);
        await ExecuteAsync(other, "ROLLBACK");
        (await store.ListMembersAsync("one", null, 10, Cancel)).Members.Should().HaveCount(2);
    }

    [Fact]
    public async Task Channel_that_another_transaction_holds_is_unavailable_until_it_lets_go()
    {
        await using var store = Open(options => options.CommandTimeout = Timeout);
        await CreateRoomsAsync(store);
        await using var other = await ConnectAsync();
        await ExecuteAsync(other, "BEGIN; SELECT FROM channels WHERE name = 'one' FOR UPDATE");
        await UnavailableAsync(() => store.AppendAsync([Changes.Post("two", "x"), Changes.Post("one", "x")], Cancel).AsTask());
        await UnavailableAsync(() => store.AppendAsync([new DeleteChange("one", default, 1)], Cancel).AsTask());
        await ExecuteAsync(other, "ROLLBACK");
        (await store.AppendAsync([Changes.Post("one", "x")], Cancel))[0].Message!.Sequence.Should().Be(1);
        (await store.ReadHeadsAsync(["two"], Cancel))[0].Sequence.Should().Be(0, "nothing of the refused batch is stored");
    }

    [Fact]
    public async Task Server_that_may_not_write_is_unavailable()
    {
        await using var store = Open();
        await CreateRoomsAsync(store);
        await store.AppendAsync([Changes.Post("one", "x")], Cancel);
        await _schema.RunAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await _schema.RunAsync("SELECT pg_reload_conf()");
        await UnavailableAsync(async () =>
        {
            // The setting reaches a session when it next looks.
            while (true) await store.AppendAsync([Changes.Post("one", "x")], Cancel);
        });
        (await SoonAsync(() => Changes.TextsOfAsync(store, "one"))).Should().Contain("x", "reading goes on");
        await _schema.RunAsync("ALTER SYSTEM RESET default_transaction_read_only");
        await _schema.RunAsync("SELECT pg_reload_conf()");
        (await SoonAsync(() => store.AppendAsync([Changes.Post("one", "y")], Cancel).AsTask()))[0].Outcome.Should().Be(AppendOutcome.Appended);
    }

    private PostgreSqlStore Open(Action<PostgreSqlStoreOptions>? configure = null) => _schema.Open(configure);

    private static async Task CreateRoomsAsync(PostgreSqlStore store)
    {
        foreach (var room in Rooms) await store.CreateAsync(Changes.Channel(room), Cancel);
    }

    private static async Task<StoreUnavailableException> UnavailableAsync(Func<Task> call)
    {
        var started = Stopwatch.GetTimestamp();
        var error = (await call.Should().ThrowAsync<StoreUnavailableException>()).Which;
        Stopwatch.GetElapsedTime(started).Should().BeLessThan(Bound);
        return error;
    }

    private static async Task<T> SoonAsync<T>(Func<Task<T>> call)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (StoreUnavailableException) when (Stopwatch.GetElapsedTime(started) < Bound)
            {
            }
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection($"{_server.ConnectionString};Pooling=false;Search Path={_schema.Name}");
        await connection.OpenAsync(Cancel);
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
