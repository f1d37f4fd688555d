using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Npgsql;
using RealtimeKit.Servers;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>What calls cost that anybody may make: bytes written, bytes read, sessions, rows.</summary>
public sealed class PostgreSqlCostTests : IAsyncLifetime
{
    private const int Large = 60_000;

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
    public async Task Reaction_does_not_write_the_message_again()
    {
        const int reactions = 100, mostBytes = 6_000;
        await using var store = _schema.Open();
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", RandomText())], Cancel);
        await _schema.RunAsync("CHECKPOINT");
        await store.AppendAsync([React("first")], Cancel);
        var before = await _schema.RunAsync("SELECT pg_current_wal_insert_lsn()::text");
        for (var i = 0; i < reactions; i++) (await store.AppendAsync([React($"user{i}")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
        var written = Convert.ToInt64(await _schema.RunAsync($"SELECT pg_current_wal_insert_lsn() - '{before}'"), CultureInfo.InvariantCulture);
        (written / reactions).Should().BeLessThan(mostBytes, "the text has {0} bytes", Large);
        (await Changes.TextsAsync(store))[0].Should().HaveLength(Large);
    }

    [Theory]
    [InlineData("changes")]
    [InlineData("oldest")]
    [InlineData("newest")]
    [InlineData("thread")]
    public async Task Page_is_read_from_the_database_and_no_more(string kind)
    {
        const int limitBytes = 256 * 1024;
        var proxy = new CountingProxy(_server.Port);
        await using var store = _schema.Open(options => options.ConnectionString =
            new NpgsqlConnectionStringBuilder(_schema.ConnectionString) { Port = proxy.Port }.ConnectionString);
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "root")], Cancel);
        for (var i = 0; i < 60; i++) await store.AppendAsync([Changes.Post("lobby", RandomText()) with { ReplyTo = 1 }], Cancel);
        var limit = new PageLimit(200, limitBytes);
        var page = await ReadAsync();
        var before = proxy.Bytes;
        page = await ReadAsync();
        page.More.Should().BeTrue();
        page.Messages.Count.Should().BeInRange(4, 7);
        (proxy.Bytes - before).Should().BeLessThan(2 * limitBytes);
        proxy.Dispose();

        async Task<MessagePage> ReadAsync() => (kind switch
        {
            "changes" => await store.ReadChangesAsync("lobby", 0, limit, Cancel),
            "oldest" => await store.ReadHistoryAsync(new HistoryQuery("lobby", limit, After: 0), Cancel),
            "newest" => await store.ReadHistoryAsync(new HistoryQuery("lobby", limit), Cancel),
            _ => await store.ReadHistoryAsync(new HistoryQuery("lobby", limit, After: 0, Thread: 1), Cancel),
        })!;
    }

    [Fact]
    public async Task Overload_opens_no_more_sessions_than_allowed_and_drops_none()
    {
        const int most = 3, failures = 40;
        await using var store = _schema.Open(options =>
        {
            options.ConnectionString = new NpgsqlConnectionStringBuilder(_schema.ConnectionString) { ApplicationName = "overload" }.ConnectionString;
            (options.MaxConnections, options.CommandTimeout) = (most, TimeSpan.FromSeconds(1));
        });
        await Changes.CreateLobbyAsync(store);
        await store.AppendAsync([Changes.Post("lobby", "x")], Cancel);
        var appends = await AppendSessionAsync();
        await using var holder = new NpgsqlConnection($"{_schema.ConnectionString};Pooling=false;Search Path={_schema.Name}");
        await holder.OpenAsync(Cancel);
        await using (var command = new NpgsqlCommand("BEGIN; LOCK TABLE members IN ACCESS EXCLUSIVE MODE", holder)) await command.ExecuteNonQueryAsync(Cancel);

        var (failed, longest, since) = (0, TimeSpan.Zero, Stopwatch.GetTimestamp());
        var callers = Enumerable.Range(0, 12).Select(_ => Task.Run(async () =>
        {
            while (Volatile.Read(ref failed) < failures)
            {
                try
                {
                    await store.ListMembersAsync("lobby", null, 10, Cancel);
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }, Cancel)).ToArray();
        var all = Task.WhenAll(callers);
        while (!all.IsCompleted)
        {
            var sessions = (long)(await _schema.RunAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'overload'"))!;
            if (sessions <= most) since = Stopwatch.GetTimestamp();
            else longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(since).Ticks));
        }

        await all;
        longest.Should().BeLessThan(TimeSpan.FromSeconds(1), "the server takes a moment to end a session that was closed, and no longer");
        (await store.AppendAsync([Changes.Post("lobby", "y")], Cancel))[0].Outcome.Should().Be(AppendOutcome.Appended);
        (await AppendSessionAsync()).Should().Be(appends, "the session that appends did not fail");
    }

    // Known by its last statement.
    private async Task<int> AppendSessionAsync() => (int)(await _schema.RunAsync(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'overload' AND query LIKE '%INSERT INTO search_parts%'"))!;

    private static ReactChange React(string user) => new("lobby", DateTimeOffset.UnixEpoch, 1, user, "+", false);

    private static string RandomText() => string.Create(Large, 0, static (text, _) =>
    {
        for (var i = 0; i < text.Length; i++) text[i] = (char)Random.Shared.Next('!', '~');
    });

    /// <summary>Passes connections on and counts what the server sends.</summary>
    private sealed class CountingProxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _server;
        private long _bytes;

        public CountingProxy(int server)
        {
            _server = server;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public long Bytes => Interlocked.Read(ref _bytes);

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true) _ = PassAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }

        private async Task PassAsync(TcpClient client)
        {
            using (client)
            using (var server = new TcpClient())
            {
                await server.ConnectAsync(IPAddress.Loopback, _server);
                await Task.WhenAny(CopyAsync(client, server, counted: false), CopyAsync(server, client, counted: true));
            }
        }

        private async Task CopyAsync(TcpClient from, TcpClient to, bool counted)
        {
            var buffer = new byte[65_536];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
                {
                    if (counted) Interlocked.Add(ref _bytes, read);
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // One side has closed.
            }
        }
    }
}
