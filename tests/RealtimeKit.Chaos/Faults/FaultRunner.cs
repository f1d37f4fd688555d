using Npgsql;
using RealtimeKit.Chaos.Network;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Network;

namespace RealtimeKit.Chaos.Faults;

/// <summary>Does to a cluster what a schedule says, and undoes it.</summary>
internal sealed class FaultRunner(Cluster cluster, Func<int, Link> linkOfClient, Story story)
{
    private static readonly TimeSpan FlapStep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PurgeStep = TimeSpan.FromMilliseconds(1_500);

    /// <summary>Runs the faults of an episode; when it ends everything runs and all networks pass.</summary>
    public Task RunAsync(Episode episode) => Task.WhenAll(episode.Faults.Select(RunAsync));

    private async Task RunAsync(Fault fault)
    {
        await Task.Delay(fault.After);
        story.Tell($"begins: {fault}");
        await (fault.Kind switch
        {
            FaultKind.NodeKill => KillNodeAsync(fault),
            FaultKind.NodeFreeze => FreezeNodeAsync(fault),
            FaultKind.NodeDrain => DrainNodeAsync(fault),
            FaultKind.BrokerKill => BrokerAwayAsync(fault, () => cluster.Broker!.KillAsync()),
            FaultKind.BrokerRestart => BrokerAwayAsync(fault, () => cluster.Broker!.StopAsync()),
            FaultKind.BrokerPurge => PurgeAsync(fault),
            FaultKind.BrokerBackends => KillBackendsAsync(fault, "query LIKE '%LISTEN %' OR query LIKE 'SELECT pg_notify%'"),
            FaultKind.DatabaseCrash => DatabaseAwayAsync(fault, "immediate"),
            FaultKind.DatabaseRestart => DatabaseAwayAsync(fault, "fast"),
            FaultKind.DatabaseBackends => KillBackendsAsync(fault, "true"),
            FaultKind.ReaderStall => StallReadersAsync(fault),
            // The crowd is the load.
            FaultKind.Overload => Task.Delay(fault.Lasts),
            FaultKind.ClientFlap or FaultKind.BrokerFlap or FaultKind.DatabaseFlap => FlapAsync(fault, LinkOf(fault)),
            _ => DisturbAsync(fault, [LinkOf(fault)]),
        });
        story.Tell($"healed: {fault}");
    }

    private Link LinkOf(Fault fault) => cluster.Nodes[fault.Node].LinkTo(fault.Side!.Value);

    private async Task KillNodeAsync(Fault fault)
    {
        await cluster.Nodes[fault.Node].KillAsync();
        await Task.Delay(fault.Lasts);
        await cluster.Nodes[fault.Node].StartAsync();
    }

    private async Task FreezeNodeAsync(Fault fault)
    {
        await cluster.Nodes[fault.Node].SignalAsync("STOP");
        try
        {
            await Task.Delay(fault.Lasts);
        }
        finally
        {
            await cluster.Nodes[fault.Node].SignalAsync("CONT");
        }
    }

    private async Task DrainNodeAsync(Fault fault)
    {
        var took = await cluster.Nodes[fault.Node].StopAsync();
        story.Tell($"node {fault.Node} drained in {took.TotalSeconds:f1} s");
        await Task.Delay(fault.Lasts);
        await cluster.Nodes[fault.Node].StartAsync();
    }

    private async Task BrokerAwayAsync(Fault fault, Func<Task> stop)
    {
        if (cluster.Broker is null) return;
        await stop();
        await Task.Delay(fault.Lasts);
        await cluster.Broker.StartAsync();
    }

    // An empty queue has nothing to lose: it fills behind a held link first.
    private async Task PurgeAsync(Fault fault)
    {
        if (cluster.Broker is null) return;
        var link = cluster.Nodes[fault.Node].LinkTo(LinkSide.Broker);
        link.Set(LinkMode.HoldDown);
        await Task.Delay(PurgeStep);
        var queues = await cluster.Broker.ControlAsync(0, "list_queues", "--quiet", "name");
        foreach (var queue in queues.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(name => name != "name"))
            await PurgeQueueAsync(queue);
        link.Set(LinkMode.Pass, fault.Reset);
        await Task.Delay(fault.Lasts);
    }

    private async Task PurgeQueueAsync(string queue)
    {
        try
        {
            await cluster.Broker!.ControlAsync(0, "purge_queue", queue);
        }
        catch (InvalidOperationException e)
        {
            // A node's queue goes with its connection, perhaps just now.
            story.Tell($"the queue {queue} was not purged: {e.Message}");
        }
    }

    private async Task DatabaseAwayAsync(Fault fault, string mode)
    {
        if (cluster.Database is null) return;
        await cluster.Database.StopAsync(mode);
        await Task.Delay(fault.Lasts);
        await cluster.Database.StartAsync();
    }

    private async Task KillBackendsAsync(Fault fault, string which)
    {
        if (cluster.Database is null) return;
        var begin = TimeProvider.System.GetTimestamp();
        do
        {
            await using var connection = new NpgsqlConnection($"{cluster.Database.ConnectionString};Pooling=false");
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND ({which})", connection);
            story.Tell($"killed {await command.ExecuteScalarAsync()} backends");
            await Task.Delay(700);
        }
        while (TimeProvider.System.GetElapsedTime(begin) < fault.Lasts);
    }

    private Task StallReadersAsync(Fault fault) =>
        DisturbAsync(fault with { Mode = LinkMode.HoldDown }, [.. fault.Clients!.Select(linkOfClient)]);

    private static async Task DisturbAsync(Fault fault, IReadOnlyList<Link> links)
    {
        foreach (var link in links) link.Set(fault.Mode);
        await Task.Delay(fault.Lasts);
        foreach (var link in links) link.Set(LinkMode.Pass, fault.Reset);
    }

    private static async Task FlapAsync(Fault fault, Link link)
    {
        for (var lasted = TimeSpan.Zero; lasted < fault.Lasts; lasted += 2 * FlapStep)
        {
            link.Set(fault.Mode);
            await Task.Delay(FlapStep);
            link.Set(LinkMode.Pass, fault.Reset);
            await Task.Delay(FlapStep);
        }
    }
}
