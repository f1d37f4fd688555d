using FluentAssertions;
using RealtimeKit.EndToEnd.Browser;
using RealtimeKit.EndToEnd.Hosting;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>Two people chat in two windows on two nodes; the node of one is killed, and then that of the other.</summary>
[Collection(nameof(AloneCollection))]
public sealed class ClusterBrowserTests(Chromium chromium, ClusterServers servers, ITestOutputHelper output) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Whatever_node_is_killed_both_windows_go_on_and_show_every_message_once()
    {
        await using var cluster = new ClusterNodes(servers);
        await cluster.InitializeAsync();
        var ann = await ChatPage.JoinAsync(chromium, cluster.Balancer.Address, "ann", 1280, 800, output);
        var bob = await ChatPage.JoinAsync(chromium, cluster.Balancer.Address, "bob", 390, 844, output);
        var texts = new List<string>();
        await TalkAsync("Which node are you on?", "Another one, I think");
        await ann.PictureAsync("cluster-desktop");
        await bob.PictureAsync("cluster-phone");

        foreach (var victim in new[] { ann, bob })
        {
            var name = await victim.NodeAsync();
            var node = cluster.Nodes.Single(one => one.Name == name);
            output.WriteLine($"{victim.Name} is on {name}, which is killed");
            await node.KillAsync();
            await TalkAsync($"{name} is gone, and I am still here", "So am I");
            (await victim.NodeAsync()).Should().NotBe(name);
            await victim.PictureAsync($"cluster-{victim.Name}-after");
            await node.StartAsync();
        }

        output.WriteLine($"pictures in {ChatPage.Pictures}");

        async Task TalkAsync(string first, string second)
        {
            foreach (var (page, text) in new[] { (ann, first), (bob, second) })
            {
                await page.SendAsync(text);
                texts.Add(text);
                foreach (var reader in new[] { ann, bob }) await reader.ShowsAsync(texts);
            }
        }
    }
}
