using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Npgsql;
using RealtimeKit.PostgreSql;
using RealtimeKit.Stores;
using Xunit;

namespace RealtimeKit.Tests.Stores;

/// <summary>A call that ended with an exception while its session was still being opened must not begin afterwards.</summary>
public sealed class PostgreSqlGivenUpTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("member")]
    [InlineData("channel")]
    [InlineData("delete")]
    [InlineData("append")]
    [InlineData("edit")]
    public async Task Call_given_up_while_its_session_opens_never_begins(string kind)
    {
        await using var schema = await TemporarySchema.CreateAsync();
        using var proxy = new GateProxy(new NpgsqlConnectionStringBuilder(schema.ConnectionString).Port);
        var name = $"given_up_{Guid.NewGuid():N}";
        // The host's own data source may wait for a connection for longer than the store waits for a call.
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(schema.ConnectionString)
        {
            Port = proxy.Port, Pooling = false, Timeout = 60, ApplicationName = name,
        });
        await using var store = schema.Open(options => (options.DataSource, options.CommandTimeout) = (source, TimeSpan.FromSeconds(1)));
        await using var other = schema.Open();
        await store.CreateAsync(Changes.Channel("board"), Cancel);
        await store.AppendAsync([Changes.Post("board", "first")], Cancel);
        await LoseSessionsAsync(schema, store, name);

        proxy.Close();
        await Call(store, kind).Should().ThrowAsync<StoreUnavailableException>();
        var before = await StateAsync(other);
        var opening = proxy.Waiting;
        opening.Should().BePositive("the call waited for a new session");
        proxy.Open();

        // Either the call goes on, or its session ends without it.
        await proxy.EndedAsync(() => ChangedAsync(other, before));
        (await StateAsync(other)).Should().Be(before, "a later call has been answered in between");
        (await other.FindAsync("board", "eve", Cancel))!.Role.Should().BeNull();
    }

    private static Func<Task> Call(PostgreSqlStore store, string kind) => kind switch
    {
        "member" => async () => await store.ApplyAsync(new JoinChange("board", "eve"), Cancel),
        "channel" => async () => await store.CreateAsync(Changes.Channel("late"), Cancel),
        "delete" => async () => await store.DeleteAsync("board", Cancel),
        "append" => async () => await store.AppendAsync([Changes.Post("board", "late")], Cancel),
        "edit" => async () => await store.AppendAsync([new EditChange("board", DateTimeOffset.UnixEpoch, 1, new ContentEdit(Text: new PartEdit<string>(true, "late")))], Cancel),
        _ => throw new ArgumentException(kind),
    };

    private static async Task<string> StateAsync(PostgreSqlStore store)
    {
        var heads = await store.ReadHeadsAsync(["board", "late"], Cancel);
        var eve = await store.FindAsync("board", "eve", Cancel);
        return $"{string.Join(' ', heads.OrderBy(head => head.Channel, StringComparer.Ordinal))} {eve?.Role}";
    }

    private static async Task<bool> ChangedAsync(PostgreSqlStore store, string before) => await StateAsync(store) != before;

    private static async Task LoseSessionsAsync(TemporarySchema schema, PostgreSqlStore store, string name)
    {
        await schema.RunAsync($"SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = '{name}'");
        await store.Invoking(one => one.FindAsync("board", "ann", Cancel).AsTask()).Should().ThrowAsync<StoreUnavailableException>();
    }

    /// <summary>Passes connections on; while it is closed, new ones wait before their first byte.</summary>
    private sealed class GateProxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _server;
        private readonly List<Task> _waited = [];
        private TaskCompletionSource _gate = new();

        public GateProxy(int server)
        {
            _server = server;
            _gate.SetResult();
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Waiting
        {
            get { lock (_waited) return _waited.Count; }
        }

        public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _gate.SetResult();

        /// <summary>Waits until all connections that had to wait have ended, or until <paramref name="orElse"/>.</summary>
        public async Task EndedAsync(Func<Task<bool>> orElse)
        {
            Task ended;
            lock (_waited) ended = Task.WhenAll(_waited);
            while (!ended.IsCompleted && !await orElse()) Cancel.ThrowIfCancellationRequested();
        }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    var gate = _gate.Task;
                    var mustWait = !gate.IsCompleted;
                    var passing = PassAsync(client, gate);
                    if (!mustWait) continue;
                    lock (_waited) _waited.Add(passing);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }

        private async Task PassAsync(TcpClient client, Task gate)
        {
            using (client)
            {
                await gate;
                using var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _server);
                await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client));
            }
        }

        private static async Task CopyAsync(TcpClient from, TcpClient to)
        {
            try
            {
                await from.GetStream().CopyToAsync(to.GetStream());
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // One side has closed.
            }
        }
    }
}
