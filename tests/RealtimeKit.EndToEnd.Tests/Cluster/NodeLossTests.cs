using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Plug;
using RealtimeKit.EndToEnd.Protocol;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>Nodes die and nodes are replaced, while people talk.</summary>
[Collection(nameof(AloneCollection))]
public sealed class NodeLossTests(ClusterServers servers, ITestOutputHelper output)
{
    private const int People = 20;
    private const int Channels = 10;
    private static readonly TimeSpan NodeHeartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task The_users_of_a_killed_node_are_offline_for_the_others_within_three_node_heartbeats()
    {
        await using var cluster = new ClusterNodes(servers);
        await cluster.InitializeAsync();
        var (n1, n2, n3) = (cluster.Nodes[0], cluster.Nodes[1], cluster.Nodes[2]);
        await using var ann = await RawClient.OpenAsync(n1.Endpoint, await n1.SignInAsync("ann"));
        await using var bob = await RawClient.OpenAsync(n2.Endpoint, await n2.SignInAsync("bob"));
        await using var both = await RawClient.OpenAsync(n2.Endpoint, await n2.SignInAsync("cid"));
        await using var cid = await RawClient.OpenAsync(n3.Endpoint, await n3.SignInAsync("cid"));
        await using var dan = await RawClient.OpenAsync(n3.Endpoint, await n3.SignInAsync("dan"));
        foreach (var client in new[] { ann, bob, both, cid, dan })
        {
            await client.ConnectAsync();
            (await client.RequestAsync("subscribe", new { channel = "lobby" })).ShouldBe("subscribed");
        }

        foreach (var watcher in new[] { ann, bob }) await ComesAsync(watcher, "dan", "online", RawClient.Deadline);
        await n3.KillAsync();
        var began = TimeProvider.System.GetTimestamp();
        foreach (var watcher in new[] { ann, bob })
        {
            await ComesAsync(watcher, "dan", "offline", 3 * NodeHeartbeat);
            output.WriteLine($"offline for {watcher.User} after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.00} s");
            var present = (await watcher.RequestAsync("presence", new { channel = "lobby" })).Items("users");
            present.Select(user => (user.Text("user"), user.Number("connections"))).Should()
                .BeEquivalentTo([("ann", 1L), ("bob", 1L), ("cid", 1L)], "cid has a connection to another node");
        }
    }

    [Fact]
    public async Task A_node_is_killed_under_load_and_nothing_is_lost_or_doubled()
    {
        var trial = new Trial("CLUSTER_SEED", output);
        await using var cluster = new ClusterNodes(servers);
        await trial.RunAsync(
            async () =>
            {
                await cluster.InitializeAsync();
                using var pace = new Pace();
                await using var crowd = new Crowd(cluster.Balancer.Address, trial.Ledger, trial.Checker, pace, trial.Random);
                await crowd.GatherAsync(People, Channels);
                crowd.Begin();
                foreach (var node in cluster.Nodes)
                {
                    await Task.Delay(trial.Random.Next(500, 2_000));
                    pace.Surge();
                    await Task.Delay(trial.Random.Next(50, 250));
                    trial.Ledger.Tell($"kill {node.Name}");
                    await node.KillAsync();
                    pace.Calm();
                    // Its clients live on the other two meanwhile.
                    await Task.Delay(trial.Random.Next(2_000, 4_000));
                    await node.StartAsync();
                    trial.Ledger.Tell($"started {node.Name} again");
                }

                await Task.Delay(2_000);
                await crowd.EndAsync();
                var summary = await crowd.JudgeAsync();
                ShouldBeShort(crowd, trial);
                return $"3 nodes killed: {summary}";
            },
            () => cluster.Output);
    }

    [Fact]
    public async Task A_rolling_restart_under_load_loses_nothing_and_keeps_nobody_away_for_long()
    {
        var trial = new Trial("CLUSTER_SEED", output);
        await using var cluster = new ClusterNodes(servers);
        await trial.RunAsync(
            async () =>
            {
                await cluster.InitializeAsync();
                using var pace = new Pace();
                await using var crowd = new Crowd(cluster.Balancer.Address, trial.Ledger, trial.Checker, pace, trial.Random);
                await crowd.GatherAsync(People, Channels);
                crowd.Begin();
                await Task.Delay(2_000);
                foreach (var node in cluster.Nodes)
                {
                    var began = TimeProvider.System.GetTimestamp();
                    trial.Ledger.Tell($"stop {node.Name}");
                    node.RequestStop();
                    await node.WaitForExitAsync();
                    trial.Say($"{node.Name} took {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s to go");
                    await node.StartAsync();
                    trial.Ledger.Tell($"started {node.Name} again");
                    await Task.Delay(1_000);
                }

                await Task.Delay(1_000);
                await crowd.EndAsync();
                var summary = await crowd.JudgeAsync();
                ShouldBeShort(crowd, trial);
                return $"3 nodes restarted: {summary}";
            },
            () => cluster.Output);
    }

    private static void ShouldBeShort(Crowd crowd, Trial trial)
    {
        var outages = crowd.Outages.OrderByDescending(outage => outage.Longest).ToList();
        trial.Say($"the longest outage of each client, in ms: {string.Join(' ', outages.Select(outage => (int)outage.Longest.TotalMilliseconds))}");
        outages.Should().Contain(outage => outage.Longest > TimeSpan.Zero, "the clients had to go elsewhere");
        foreach (var (user, longest) in outages)
            if (longest > LongestOutage) trial.Checker.Fault($"{user} was away for {longest}");
    }

    private static Task ComesAsync(RawClient watcher, string user, string status, TimeSpan within) =>
        watcher.WaitForAsync(
            frame => frame.IsType("signal") && frame.Text("name") == "presence" && frame.Text("user") == user && frame.Field("data").Text("status") == status, within);
}
