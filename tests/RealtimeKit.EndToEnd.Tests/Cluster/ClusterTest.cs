using System.Text.Json;
using FluentAssertions;
using RealtimeKit.EndToEnd.Protocol;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>What the tests of a cluster share: users on the node of one's choice.</summary>
public abstract class ClusterTest(ClusterNodes cluster) : ProtocolTest(cluster.Nodes[0])
{
    protected ClusterNodes Cluster { get; } = cluster;

    protected NodeProcess N1 => Cluster.Nodes[0];

    protected NodeProcess N2 => Cluster.Nodes[1];

    protected NodeProcess N3 => Cluster.Nodes[2];

    /// <summary>A connected user of a node, who signed in at it.</summary>
    protected async Task<RawClient> ConnectAsync(NodeProcess node, string name)
    {
        var client = Track(await RawClient.OpenAsync(node.Endpoint, await node.SignInAsync(name)));
        (await client.ConnectAsync()).Text("node").Should().Be(node.Name);
        return client;
    }

    /// <summary>
    /// Waits until a message is told to be so: by an `event`, or by a `changes`, for a node may find it in the store before the
    /// broker brings it.
    /// </summary>
    protected static async Task<JsonElement> ComesAsync(RawClient client, string channel, Func<JsonElement, bool> isSo)
    {
        JsonElement? found = null;
        await client.WaitForAsync(frame =>
        {
            if (!frame.Has("channel") || frame.Text("channel") != channel) return false;
            IReadOnlyList<JsonElement> messages = frame.IsType("changes") ? frame.Items("messages") : frame.IsType("event") ? [frame.Has("message") ? frame.Field("message") : frame] : [];
            found = messages.Where(isSo).Cast<JsonElement?>().FirstOrDefault();
            return found is not null;
        });
        return found!.Value;
    }

    /// <summary>Asks until the answer is right; what it is not within the time is the failure's message.</summary>
    protected static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> ask, Func<JsonElement, bool> isRight, TimeSpan within)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (isRight(answer)) return answer;
            if (TimeProvider.System.GetElapsedTime(begin) > within) throw new TimeoutException($"Still so after {within}: {answer.Brief()}");
            await Task.Delay(50);
        }
    }
}
