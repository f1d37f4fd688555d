using System.Globalization;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Chaos.Runs;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Upgrade;

/// <summary>
/// A rolling update under load: two nodes of an earlier commit are replaced one after the other by nodes of this one, on the database that the
/// earlier one made. Then all that the earlier version wrote must be there, be found, and be counted.
/// </summary>
internal sealed class UpgradeRun(Settings settings, ChaosServers servers)
{
    private const int Nodes = 2;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(12);
    private readonly Story _story = new(TimeProvider.System);

    /// <summary>Runs it and gives what was found.</summary>
    public async Task<Findings> RunAsync()
    {
        _story.Say($"builds {settings.From}");
        var earlier = await EarlierVersion.BuildAsync(settings.From);
        var folder = Directory.CreateDirectory(Path.Combine(settings.Output, string.Create(
            CultureInfo.InvariantCulture, $"upgrade-{settings.Seed}-{Guid.NewGuid().ToString("N")[..6]}"))).FullName;
        // What nodes of the earlier version do not know nobody asks for while they run.
        var mixed = settings with { Nodes = Nodes, Moderates = false, HiddenWithin = null };
        await using var cluster = new Cluster(servers, earlier, Nodes, folder);
        await using var world = new ClusterWorld(cluster, hasFreshNode: true, _story);
        var trial = new Trial(mixed, new UpgradeWorld(world, cluster, NodeProgram.Sample()), $"u{settings.Seed}", _story);
        var replaces = Enumerable.Range(0, Nodes).SelectMany(node => (Episode[])[Load(), new(TimeSpan.FromSeconds(1), [new(FaultKind.NodeDrain, node, TimeSpan.Zero, TimeSpan.FromSeconds(1))])]);
        await trial.RunAsync([.. replaces, Load()]);
        if (trial.Log.Count > 0) await new UpgradeChecks(cluster, trial, _story).RunAsync();
        foreach (var line in trial.Findings.Lines()) Console.WriteLine($"           {line}");
        foreach (var text in trial.Findings.Texts.Take(20)) Console.WriteLine($"  {text}");
        await File.WriteAllLinesAsync(Path.Combine(folder, "history.txt"), _story.Lines);
        if (trial.Findings.Total == 0) Directory.Delete(folder, recursive: true);
        else Console.WriteLine($"FAILED with seed {settings.Seed}; the history and the nodes' output: {folder}");
        return trial.Findings;
    }

    private static Episode Load() => new(Phase, []);
}
