using FluentAssertions;
using Microsoft.Playwright;
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
        await using var ann = await ChatPage.JoinAsync(chromium, cluster.Balancer.Address, "ann", 1280, 800, output);
        await using var bob = await ChatPage.JoinAsync(chromium, cluster.Balancer.Address, "bob", 390, 844, output);
        // These nodes share no folder, so there are no files, and the page offers none.
        await Assertions.Expect(ann.Page.GetByTestId("attach")).ToBeHiddenAsync();
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

    [Fact]
    public async Task What_is_done_on_one_node_is_seen_on_another_files_and_bans_too()
    {
        var folder = Directory.CreateTempSubdirectory("realtimekit-e2e-").FullName;
        try
        {
            await using var cluster = new ClusterNodes(servers) { Environment = new Dictionary<string, string> { ["Files"] = Path.Combine(folder, "files") } };
            await cluster.InitializeAsync();
            await using var ann = await ChatPage.JoinAsync(chromium, cluster.Nodes[0].Address, "ann", 1280, 800, output);
            await using var bob = await ChatPage.JoinAsync(chromium, cluster.Nodes[1].Address, "bob", 1280, 800, output);
            await ann.CreateChannelAsync("plans");
            await bob.FindChannelAsync("plans");
            await ann.AttachAsync("dot.png", "image/png", PageTests.Picture);
            await ann.SendAsync("Look at this");
            await bob.ShowsAsync("Look at this");
            await bob.ShowsPicturesAsync(1, width: 4);

            await bob.OpenChannelAsync("lobby");
            await ann.SendAsync("Did you see it, @bob?");
            await Assertions.Expect(bob.Page.GetByTestId("unread-plans")).ToContainTextAsync("@1");
            await ann.OfMemberAsync("bob", "ban");
            await ann.SubmitAsync(("reason", "Spoils the surprise"));
            await Assertions.Expect(bob.Page.GetByTestId("channel-plans")).ToHaveCountAsync(0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
