using System.Globalization;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Checking.Runs;

namespace RealtimeKit.Chaos.Runs;

/// <summary>One run: nodes, clients, the seed's faults, and every check.</summary>
internal sealed class SeedRun(Settings settings, ChaosServers servers)
{
    private readonly Story _story = new(TimeProvider.System);

    public async Task<RunResult> RunAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(settings.Output, string.Create(
            CultureInfo.InvariantCulture, $"seed-{settings.Seed}-{Guid.NewGuid().ToString("N")[..6]}"))).FullName;
        var episodes = Schedule.Make(settings.Seed, settings.Length, settings.Kinds, settings.Nodes, settings.Clients + settings.RawClients);
        await using var cluster = new Cluster(servers, settings.Sample ? NodeProgram.Sample() : NodeProgram.Own(settings.Plant, settings.BrokerIsPostgreSql), settings.Nodes, folder);
        // SQLite's one node has its file for itself.
        var world = new ClusterWorld(cluster, hasFreshNode: !settings.Sqlite, _story, settings.Plant is { } plant ? Garden.Find(plant).Trigger : null);
        var trial = new Trial(settings, world, $"s{settings.Seed}-{Guid.NewGuid().ToString("N")[..6]}", _story);
        var result = new RunResult { Seed = settings.Seed, Findings = trial.Findings, Faults = [.. episodes.SelectMany(episode => episode.Faults)], Folder = folder };
        _story.Say($"seed {settings.Seed}: {episodes.Count} episodes{(settings.Plant is null ? "" : $", planted: {settings.Plant}")}");
        await using (world) await trial.RunAsync(episodes);
        result.Took = _story.Elapsed;
        result.Sends = trial.Ledger.Sends.Count;
        result.Repeated = trial.Repeated;
        result.Connections = trial.Connections;
        (result.LongestLevel, result.LongestPresence) = (trial.LongestLevel, trial.LongestPresence);
        result.Complaints = cluster.Nodes.Sum(node => node.Complaints);
        foreach (var line in trial.Findings.Lines()) Console.WriteLine($"           {line}");
        if (trial.Findings.Total == 0) Directory.Delete(folder, recursive: true);
        else await WriteAsync(folder, episodes, trial);
        return result;
    }

    private async Task WriteAsync(string folder, IReadOnlyList<Episode> episodes, Trial trial)
    {
        await File.WriteAllLinesAsync(Path.Combine(folder, "findings.txt"), [
            $"seed {settings.Seed}", $"repeat: {settings.Repeat()}", "", .. episodes.Select(episode => $"{episode.Lead.TotalSeconds:f1} s, then {episode}"), "",
            .. trial.Findings.Lines(), "", .. trial.Findings.Texts]);
        await File.WriteAllLinesAsync(Path.Combine(folder, "history.txt"), _story.Lines);
        await File.WriteAllLinesAsync(Path.Combine(folder, "log.txt"), trial.Log.Values.SelectMany(entries => entries).Select(entry => entry.Describe()));
        await File.WriteAllLinesAsync(Path.Combine(folder, "sends.txt"), trial.Ledger.Sends.OrderBy(send => send.BeganAt).Select(send =>
            $"{send.Channel} {send.Id} {send.Client} {send.Number} began {send.BeganAt} acknowledged {send.AcknowledgedAt} {string.Join(' ', send.Acknowledgements)} refused {send.Refused} attempts {send.Attempts}"));
        Console.WriteLine($"FAILED with seed {settings.Seed}; the history, the log and the nodes' output: {folder}");
        foreach (var text in trial.Findings.Texts.Take(12)) Console.WriteLine($"  {text}");
    }
}

/// <summary>What became of a run.</summary>
internal sealed class RunResult
{
    public required int Seed { get; init; }

    public required Findings Findings { get; init; }

    public required IReadOnlyList<Fault> Faults { get; init; }

    public required string Folder { get; init; }

    public TimeSpan Took { get; set; }

    public int Sends { get; set; }

    /// <summary>How many sends were acknowledged as sent again.</summary>
    public int Repeated { get; set; }

    /// <summary>How often clients connected.</summary>
    public int Connections { get; set; }

    /// <summary>How many failures the nodes logged.</summary>
    public int Complaints { get; set; }

    public TimeSpan LongestLevel { get; set; }

    public TimeSpan LongestPresence { get; set; }
}
