using System.Globalization;
using FluentAssertions;
using RealtimeKit.EndToEnd.Hosting;
using RealtimeKit.EndToEnd.Protocol;
using RealtimeKit.Servers;
using Xunit;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>A cluster whose files are in a bucket of its own.</summary>
public sealed class BucketCluster(ClusterServers servers) : IAsyncLifetime
{
    public ClusterNodes Nodes { get; private set; } = null!;

    public Uri Server { get; private set; } = null!;

    public string Bucket { get; } = $"files-{Guid.NewGuid():n}";

    public async ValueTask InitializeAsync()
    {
        Server = await servers.FilesAsync();
        await S3Server.CreateBucketAsync(Server, Bucket);
        Nodes = new ClusterNodes(servers)
        {
            Environment = new Dictionary<string, string>
            {
                ["AWS_ACCESS_KEY_ID"] = "user", ["AWS_SECRET_ACCESS_KEY"] = "secret", ["Files__Bucket"] = Bucket, ["Files__Endpoint"] = Server.AbsoluteUri, ["Files__SweepInterval"] = "00:00:01",
            },
        };
        await Nodes.InitializeAsync();
    }

    public async ValueTask DisposeAsync() => await Nodes.DisposeAsync();
}

/// <summary>What nodes that are killed owe to uploads into a bucket.</summary>
[Collection(nameof(AloneCollection))]
public sealed class ClusterFileTests(BucketCluster cluster) : FileTest(cluster.Nodes.Nodes[0]), IClassFixture<BucketCluster>
{
    private const int MostPiece = 7_000_000;

    [Fact]
    public async Task An_upload_survives_kills_of_its_nodes_and_goes_on_at_others()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var nodes = cluster.Nodes.Nodes;
        foreach (var node in nodes) node.MayComplain = true;
        var name = NewName("ann");
        var (ann, cookie) = await UserAsync(name);
        var channel = await CreateAsync(ann);
        var bytes = new byte[23_456_789];
        random.NextBytes(bytes);
        var id = await BegunAsync(cookie, channel, bytes.Length, "big", null);
        var acknowledged = 0L;
        for (var kill = 0; kill < 4; kill++)
        {
            var node = nodes[kill % nodes.Count];
            var sending = SendPieceAsync(node, cut: true);
            await Task.Delay(random.Next(300), TestContext.Current.CancellationToken);
            await node.KillAsync();
            await sending;
            // Without the node that had the last bytes, whose end nobody told the others.
            var other = nodes[(kill + 1) % nodes.Count];
            var offset = await OffsetAsync(other);
            offset.Should().BeInRange(acknowledged, bytes.Length, "what was acknowledged is never lost");
            acknowledged = offset;
            await SendPieceAsync(other, cut: false);
            await node.StartAsync();
        }

        while (acknowledged < bytes.Length) await SendPieceAsync(nodes[random.Next(nodes.Count)], cut: false);
        ann = await ConnectAsync(name);
        (await ann.RequestAsync("publish", new { channel, message = WithFiles(id) })).ShouldBe("published");
        foreach (var node in nodes)
        {
            using var file = await SendAsync("GET", AddressAt(node), cookie);
            (await BytesAsync(file)).Should().Equal(bytes);
        }

        using (var range = await SendAsync("GET", AddressAt(nodes[1]), cookie, headers: ("Range", "bytes=6000000-6000009")))
        {
            ((int)range.StatusCode).Should().Be(206);
            (await BytesAsync(range)).Should().Equal(bytes[6_000_000..6_000_010]);
        }

        (await ann.RequestAsync("delete", new { channel, sequence = 1 })).ShouldBe("ok");
        await ExpectAsync(404, SendAsync("GET", AddressAt(nodes[2]), cookie));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await S3Server.ListAsync(cluster.Server, cluster.Bucket)).Any(key => key.Contains(id, StringComparison.Ordinal))) await Task.Delay(100, deadline.Token);

        Uri AddressAt(NodeProcess node) => new(node.Address, $"/realtime/files/{id}");

        async Task<long> OffsetAsync(NodeProcess node)
        {
            using var head = await TusAsync("HEAD", AddressAt(node), cookie);
            return long.Parse(Header(head, "Upload-Offset"), CultureInfo.InvariantCulture);
        }

        async Task SendPieceAsync(NodeProcess node, bool cut)
        {
            var piece = bytes.AsMemory((int)acknowledged, (int)Math.Min(random.Next(1, MostPiece), bytes.Length - acknowledged)).ToArray();
            var sum = random.Next(2) == 0 ? Checksum(piece) : null;
            try
            {
                using var sent = await TusAsync("PATCH", AddressAt(node), cookie, piece, ("Upload-Offset", acknowledged.ToString(CultureInfo.InvariantCulture)), ("Upload-Checksum", sum));
                ((int)sent.StatusCode).Should().Be(204, await TextAsync(sent));
                acknowledged += piece.Length;
            }
            catch (HttpRequestException) when (cut)
            {
                // The node was killed.
            }
        }
    }
}
