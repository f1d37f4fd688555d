using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Network;
using RealtimeKit.Simulation.Network;

namespace RealtimeKit.Simulation.Nodes;

/// <summary>Does to a simulated world what a schedule says, and undoes it.</summary>
internal sealed class SimulatedFaults(Surroundings around, IReadOnlyList<SimulatedNode> nodes, IReadOnlyList<SimulatedLink> clients)
{
    private static readonly TimeSpan FlapStep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PurgeStep = TimeSpan.FromMilliseconds(1_500);
    private static readonly TimeSpan BackendsStep = TimeSpan.FromMilliseconds(700);

    public Task RunAsync(Episode episode) => Task.WhenAll(episode.Faults.Select(RunAsync));

    private async Task RunAsync(Fault fault)
    {
        await PassAsync(fault.After);
        around.Story.Tell($"begins: {fault}");
        await (fault.Kind switch
        {
            FaultKind.NodeKill => KillNodeAsync(fault),
            FaultKind.NodeFreeze => FreezeNodeAsync(fault),
            FaultKind.NodeDrain => DrainNodeAsync(fault),
            FaultKind.BrokerKill or FaultKind.BrokerRestart => BrokerAwayAsync(fault),
            FaultKind.BrokerPurge => PurgeAsync(fault),
            FaultKind.DatabaseCrash or FaultKind.DatabaseRestart => DatabaseAwayAsync(fault),
            FaultKind.DatabaseBackends => LoseBackendsAsync(fault, around.Database.LoseConnections),
            FaultKind.BrokerBackends => LoseBackendsAsync(fault, around.Broker.LoseConnections),
            FaultKind.Overload => OverloadAsync(fault),
            FaultKind.ReaderStall => DisturbAsync(fault with { Mode = LinkMode.HoldDown }, [.. fault.Clients!.Select(client => clients[client])]),
            FaultKind.ClientFlap or FaultKind.BrokerFlap or FaultKind.DatabaseFlap => FlapAsync(fault, LinkOf(fault)),
            _ => DisturbAsync(fault, [LinkOf(fault)]),
        });
        around.Story.Tell($"healed: {fault}");
    }

    private Task PassAsync(TimeSpan time) => Task.Delay(time, around.Time);

    private SimulatedLink LinkOf(Fault fault) => nodes[fault.Node].LinkTo(fault.Side!.Value);

    private async Task KillNodeAsync(Fault fault)
    {
        nodes[fault.Node].Kill();
        await PassAsync(fault.Lasts);
        await nodes[fault.Node].StartAsync();
    }

    private async Task FreezeNodeAsync(Fault fault)
    {
        nodes[fault.Node].Freeze();
        await PassAsync(fault.Lasts);
        nodes[fault.Node].Thaw();
    }

    private async Task DrainNodeAsync(Fault fault)
    {
        await nodes[fault.Node].StopAsync();
        await PassAsync(fault.Lasts);
        await nodes[fault.Node].StartAsync();
    }

    private async Task BrokerAwayAsync(Fault fault)
    {
        around.Broker.Stop();
        await PassAsync(fault.Lasts);
        around.Broker.Start();
    }

    private async Task PurgeAsync(Fault fault)
    {
        var link = nodes[fault.Node].LinkTo(LinkSide.Broker);
        link.Set(LinkMode.HoldDown);
        await PassAsync(PurgeStep);
        nodes[fault.Node].Broker.Purge();
        link.Set(LinkMode.Pass, fault.Reset);
        await PassAsync(fault.Lasts);
    }

    private async Task DatabaseAwayAsync(Fault fault)
    {
        around.Database.Stop();
        await PassAsync(fault.Lasts);
        around.Database.Start();
    }

    private async Task LoseBackendsAsync(Fault fault, Action lose)
    {
        for (var lasted = TimeSpan.Zero; lasted < fault.Lasts; lasted += BackendsStep)
        {
            lose();
            await PassAsync(BackendsStep);
        }
    }

    // The crowd sends more than can be carried meanwhile.
    private async Task OverloadAsync(Fault fault)
    {
        around.Conditions.IsOverloaded = true;
        await PassAsync(fault.Lasts);
        around.Conditions.IsOverloaded = false;
    }

    private async Task DisturbAsync(Fault fault, IReadOnlyList<SimulatedLink> links)
    {
        foreach (var link in links) link.Set(fault.Mode);
        await PassAsync(fault.Lasts);
        foreach (var link in links) link.Set(LinkMode.Pass, fault.Reset);
    }

    private async Task FlapAsync(Fault fault, SimulatedLink link)
    {
        for (var lasted = TimeSpan.Zero; lasted < fault.Lasts; lasted += 2 * FlapStep)
        {
            link.Set(fault.Mode);
            await PassAsync(FlapStep);
            link.Set(LinkMode.Pass, fault.Reset);
            await PassAsync(FlapStep);
        }
    }
}
