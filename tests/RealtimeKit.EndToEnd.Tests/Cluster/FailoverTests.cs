using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Plug;
using RealtimeKit.EndToEnd.Protocol;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>What docs/deployment.md says of a standby of the database and of a cluster of brokers.</summary>
[Collection(nameof(AloneCollection))]
public sealed class FailoverTests(ClusterServers servers, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task When_the_synchronous_standby_takes_over_nothing_acknowledged_is_lost()
    {
        var trial = new Trial("CLUSTER_SEED", output);
        await using var primary = await PostgreSqlServer.CreateAsync();
        await using var standby = await PostgreSqlServer.CreateStandbyAsync(primary);
        await ClusterServers.ExecuteAsync(primary.ConnectionString, "ALTER SYSTEM SET synchronous_standby_names = '*'");
        await ClusterServers.ExecuteAsync(primary.ConnectionString, "SELECT pg_reload_conf()");
        await using var cluster = new ClusterNodes(servers)
        {
            // The standby first: a node must find out for itself which of them takes writes.
            Database = $"Host=127.0.0.1:{standby.Port},127.0.0.1:{primary.Port};Username=postgres;Database=postgres",
        };
        await cluster.InitializeAsync();
        await trial.RunAsync(
            async () =>
            {
                using var pace = new Pace();
                await using var crowd = new Crowd(cluster.Balancer.Address, trial.Ledger, trial.Checker, pace, trial.Random);
                await crowd.GatherAsync(people: 8, channels: 4);
                crowd.Begin();
                await Task.Delay(2_000);
                await primary.KillAsync();
                await standby.PromoteAsync();
                var promoted = TimeProvider.System.GetTimestamp();
                await PublishAsync(cluster.Nodes[0]);
                trial.Say($"the first message was stored {TimeProvider.System.GetElapsedTime(promoted).TotalSeconds:0.0} s after the standby took over");
                await Task.Delay(2_000);
                await crowd.EndAsync();
                return $"failover: {await crowd.JudgeAsync()}";
            },
            () => cluster.Output);
        foreach (var node in cluster.Nodes) node.MayComplain = true;
    }

    [Fact]
    public async Task When_one_of_three_brokers_is_killed_the_nodes_go_to_another()
    {
        await using var brokers = await RabbitMqServer.CreateAsync(nodes: 3);
        await using var cluster = new ClusterNodes(servers) { Broker = $"{brokers.Uri(0)},{brokers.Uri(1)},{brokers.Uri(2)}" };
        await cluster.InitializeAsync();
        var (n1, n2) = (cluster.Nodes[0], cluster.Nodes[1]);
        await using var ann = await RawClient.OpenAsync(n1.Endpoint, await n1.SignInAsync("ann"));
        await using var bob = await RawClient.OpenAsync(n2.Endpoint, await n2.SignInAsync("bob"));
        foreach (var client in new[] { ann, bob })
        {
            await client.ConnectAsync();
            (await client.RequestAsync("subscribe", new { channel = "lobby" })).ShouldBe("subscribed");
        }

        await UntilFastAsync();
        await brokers.KillAsync(0);
        output.WriteLine($"fast again {(await UntilFastAsync()).TotalSeconds:0.0} s after a broker was killed");
        (await ann.RequestAsync("publish", new { channel = "lobby", message = new { id = Guid.CreateVersion7().ToString(), text = "after" } })).ShouldBe("published");
        await bob.WaitForAsync(frame => frame.IsType("event") || (frame.IsType("changes") && frame.Items("messages").Count > 0));

        // Typing is never made good from the store: that it crosses shows that both nodes have a broker.
        async Task<TimeSpan> UntilFastAsync()
        {
            var begin = TimeProvider.System.GetTimestamp();
            while (!await TypingCrossesAsync())
                TimeProvider.System.GetElapsedTime(begin).Should().BeLessThan(Patience, "the nodes find a broker");
            return TimeProvider.System.GetElapsedTime(begin);
        }

        async Task<bool> TypingCrossesAsync()
        {
            await ann.RequestAsync("signal", new { channel = "lobby", name = "typing" });
            try
            {
                await bob.WaitForAsync(frame => frame.IsType("signal") && frame.Text("name") == "typing", TimeSpan.FromMilliseconds(200));
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task New_epochs_given_while_the_nodes_are_down_make_every_reader_begin_anew()
    {
        await using var cluster = new ClusterNodes(servers);
        await cluster.InitializeAsync();
        var node = cluster.Nodes[0];
        var cookie = await node.SignInAsync("ann");
        string epoch;
        await using (var ann = await RawClient.OpenAsync(node.Endpoint, cookie))
        {
            await ann.ConnectAsync();
            epoch = (await ann.RequestAsync("subscribe", new { channel = "lobby" })).ShouldBe("subscribed").Text("epoch");
        }

        foreach (var one in cluster.Nodes) await one.KillAsync();
        await ClusterServers.ExecuteAsync(node.Database, "UPDATE realtimekit.channels SET epoch = md5(random()::text || name)");
        await node.StartAsync();
        await using var again = await RawClient.OpenAsync(node.Endpoint, cookie);
        await again.ConnectAsync();
        (await again.RequestAsync("subscribe", new { channel = "lobby", after = 0, epoch })).ShouldBeError("conflict");
        (await again.RequestAsync("subscribe", new { channel = "lobby" })).ShouldBe("subscribed").Text("epoch").Should().NotBe(epoch);
    }

    private static async Task PublishAsync(NodeProcess node)
    {
        await using var client = await RawClient.OpenAsync(node.Endpoint, await node.SignInAsync("prober"));
        await client.ConnectAsync();
        var message = new { id = Guid.CreateVersion7().ToString(), text = "Is there a database?" };
        var begin = TimeProvider.System.GetTimestamp();
        while (!(await client.RequestAsync("publish", new { channel = "lobby", message })).IsType("published"))
        {
            if (TimeProvider.System.GetElapsedTime(begin) > Patience) throw new TimeoutException($"No message was stored within {Patience}.");
            await Task.Delay(50);
        }
    }
}
