using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Chaos.Upgrade;

namespace RealtimeKit.Chaos.Runs;

/// <summary>What the program can be asked to do; each gives the exit code.</summary>
internal static class Verbs
{
    public static async Task<int> RunAsync(Settings settings)
    {
        await using var servers = await ChaosServers.StartAsync(settings.Sqlite, settings.BrokerIsPostgreSql);
        using var cleanup = new Cleanup(servers);
        var result = await new SeedRun(settings, servers).RunAsync();
        Console.WriteLine(Report.Line(result));
        return result.Findings.Total == 0 ? 0 : 1;
    }

    public static async Task<int> ManyAsync(Settings settings)
    {
        await using var servers = await ChaosServers.StartAsync(settings.Sqlite, settings.BrokerIsPostgreSql);
        using var cleanup = new Cleanup(servers);
        return await new ManyRuns(settings, servers).RunAsync() == 0 ? 0 : 1;
    }

    public static async Task<int> PlantsAsync(Settings settings)
    {
        await using var servers = await ChaosServers.StartAsync(settings.Sqlite, settings.BrokerIsPostgreSql);
        using var cleanup = new Cleanup(servers);
        return await new PlantRuns(settings, servers).RunAsync() ? 0 : 1;
    }

    public static async Task<int> UpgradeAsync(Settings settings)
    {
        await using var servers = await ChaosServers.StartAsync(sqlite: false, isBrokerPostgreSql: false);
        using var cleanup = new Cleanup(servers);
        return (await new UpgradeRun(settings, servers).RunAsync()).Total == 0 ? 0 : 1;
    }
}
