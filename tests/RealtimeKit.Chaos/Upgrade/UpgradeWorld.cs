using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Clients;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Upgrade;

/// <summary>A cluster in which a node that is drained starts again with the new version.</summary>
internal sealed class UpgradeWorld(ClusterWorld world, Cluster cluster, NodeProgram newer) : IWorld
{
    public TimeProvider Time => world.Time;

    public IReadOnlyList<IWorldNode> Nodes => world.Nodes;

    public Task StartAsync() => world.StartAsync();

    public Task<IWay> MakeWayAsync(int client, string user) => world.MakeWayAsync(client, user);

    public Task RunAsync(Episode episode)
    {
        foreach (var fault in episode.Faults) cluster.Use(fault.Node, newer);
        return world.RunAsync(episode);
    }

    public Task<IWorldNode?> StartFreshAsync() => world.StartFreshAsync();
}
