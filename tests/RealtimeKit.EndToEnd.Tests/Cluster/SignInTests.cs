using FluentAssertions;
using Npgsql;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>Nodes that start at the same moment on an empty database are one application to whoever signs in.</summary>
[Collection(nameof(ClusterCollection))]
public sealed class SignInTests(ClusterNodes cluster, ClusterServers servers) : ClusterTest(cluster)
{
    // The sample's own, under which the first key is made.
    private const long LockKey = 0x636f_6f6b_6965;

    [Fact]
    public async Task A_cookie_of_each_node_is_valid_on_every_node()
    {
        foreach (var origin in Cluster.Nodes)
        {
            var name = NewName("ann");
            var cookie = await origin.SignInAsync(name);
            foreach (var node in Cluster.Nodes)
            {
                var client = Track(await RawClient.OpenAsync(node.Endpoint, cookie));
                var connected = await client.ConnectAsync();
                connected.Text("user").Should().Be(name, "a cookie of {0} was shown to {1}", origin.Name, node.Name);
                connected.Text("node").Should().Be(node.Name);
            }
        }
    }

    [Fact]
    public async Task Three_nodes_that_come_to_the_first_key_at_the_same_moment_make_one()
    {
        var name = await servers.TakeDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(name) { Pooling = false });
        await using var nodes = new ClusterNodes(servers) { Database = name, DropsDatabase = true };
        await using var holder = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await AskAsync<object>(holder, $"SELECT pg_advisory_lock({LockKey})");
        var starting = nodes.InitializeAsync().AsTask();
        var begin = TimeProvider.System.GetTimestamp();
        while (await AskAsync<long>(holder, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") < 3)
        {
            TimeProvider.System.GetElapsedTime(begin).Should().BeLessThan(TimeSpan.FromSeconds(30), "each node waits for its turn");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await AskAsync<bool>(holder, $"SELECT pg_advisory_unlock({LockKey})");
        await starting;
        (await AskAsync<long>(holder, "SELECT count(*) FROM sign_in.keys")).Should().Be(1);
        var cookie = await nodes.Nodes[2].SignInAsync("ann");
        await using var client = await RawClient.OpenAsync(nodes.Nodes[0].Endpoint, cookie);
        (await client.ConnectAsync()).Text("user").Should().Be("ann");
    }

    [Fact]
    public async Task The_channels_are_there_on_every_node()
    {
        foreach (var node in Cluster.Nodes)
        {
            var client = await ConnectAsync(node, NewName("ann"));
            foreach (var channel in new[] { "lobby", "random", "help" }) await SubscribeAsync(client, channel);
        }
    }

    [Fact]
    public async Task Behind_the_load_balancer_pages_of_its_address_may_connect_and_others_not()
    {
        var address = Cluster.Balancer.Address;
        var cookie = await ServerProcess.SignInAsync(address, NewName("ann"));
        var nodes = new HashSet<string>();
        for (var n = 0; n < 2 * Cluster.Nodes.Count; n++)
        {
            var client = Track(await RawClient.OpenAsync(Cluster.Balancer.Endpoint, cookie, origin: $"http://{address.Authority}"));
            nodes.Add((await client.ConnectAsync()).Text("node"));
        }

        nodes.Should().BeEquivalentTo(["n1", "n2", "n3"], "the balancer goes round");
        foreach (var foreign in new[] { "http://evil.example", $"https://{address.Authority}", N1.Address.ToString().TrimEnd('/') })
        {
            var opening = () => RawClient.OpenAsync(Cluster.Balancer.Endpoint, cookie, origin: foreign);
            (await opening.Should().ThrowAsync<UpgradeRefusedException>()).Which.Status.Should().Be(403, "the page is of {0}", foreign);
        }
    }

    [Fact]
    public async Task A_node_believes_the_load_balancer_that_the_page_came_over_https()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(N1.Address, "/realtime"));
        request.Headers.Host = "chat.example";
        request.Headers.Add("Origin", "https://chat.example");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("Upgrade", "websocket");
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", Convert.ToBase64String(Guid.NewGuid().ToByteArray()));
        using var http = new HttpClient();
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).Should().Be(101);
    }

    [Theory]
    [InlineData("/alive")]
    [InlineData("/health")]
    public async Task A_node_says_that_it_is_well(string path)
    {
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(N1.Address, path), TestContext.Current.CancellationToken)).Should().Be("Healthy");
    }

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string question)
    {
        await using var command = new NpgsqlCommand(question, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
