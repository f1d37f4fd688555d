using System.Globalization;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Plants;

namespace RealtimeKit.Chaos.Runs;

/// <summary>Proves the checker: plants one fault after another in the nodes, and runs seeds until the check that must find it does.</summary>
internal sealed class PlantRuns(Settings settings, ChaosServers servers)
{
    private const int MostSeeds = 20;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    public async Task<bool> RunAsync()
    {
        var lines = new List<string>
        {
            "| planted in the nodes | must be found by | found by | seeds | the first finding |", "|---|---|---|---|---|",
        };
        var all = true;
        if (settings.Plant is null)
        {
            var (line, good) = await ProveNothingAsync();
            all = good;
            lines.Add(line);
            Console.WriteLine(line);
        }

        foreach (var plant in Garden.All.Where(plant => !plant.NeedsSimulation && (settings.Plant is null || settings.Plant == plant.Name)))
        {
            var (line, found) = await ProveAsync(plant);
            all &= found;
            lines.Add(line);
            Console.WriteLine(line);
        }

        await File.WriteAllLinesAsync(Path.Combine(Directory.CreateDirectory(settings.Output).FullName, "plants.md"), lines);
        Console.WriteLine(string.Join('\n', lines));
        return all;
    }

    // The same nodes with nothing planted: what the checks find below is the plants' doing.
    private async Task<(string Line, bool Good)> ProveNothingAsync()
    {
        var result = await new SeedRun(Own(["--faults", "all"], settings.Seed, null), servers).RunAsync();
        return ($"| nothing | none | {(result.Findings.Total == 0 ? "none" : string.Join(", ", result.Findings.Texts))} | 1 | |", result.Findings.Total == 0);
    }

    private async Task<(string Line, bool Found)> ProveAsync(Plant plant)
    {
        var names = string.Join(", ", plant.CaughtBy.Select(Findings.Name));
        for (var n = 0; n < MostSeeds; n++)
        {
            var result = await new SeedRun(Own(["--faults", plant.Faults], settings.Seed + n, plant.Name), servers).RunAsync();
            if (result.Findings.Total > 0) Directory.Delete(result.Folder, recursive: true);
            if (!plant.CaughtBy.Any(check => result.Findings.Violations(check) > 0)) continue;
            var by = Enum.GetValues<Check>().Where(check => result.Findings.Violations(check) > 0)
                .Select(check => string.Create(CultureInfo.InvariantCulture, $"{Findings.Name(check)} {result.Findings.Violations(check)}"));
            var first = result.Findings.Texts.First(text => plant.CaughtBy.Any(check => text.StartsWith(Findings.Name(check), StringComparison.Ordinal)));
            return ($"| {plant.Name}: {plant.What} | {names} | {string.Join(", ", by)} | {n + 1} | {Shorten(first)} |", true);
        }

        return ($"| {plant.Name}: {plant.What} | {names} | **not found** | {MostSeeds} | |", false);
    }

    private Settings Own(string[] faults, int seed, string? plant) => Settings.Parse(faults) with
    {
        Seed = seed, Length = Length, Plant = plant, Sqlite = settings.Sqlite, BrokerIsPostgreSql = settings.BrokerIsPostgreSql, Nodes = settings.Nodes,
        Rate = settings.Rate, Slack = settings.Slack, Output = settings.Output,
    };

    private static string Shorten(string text) => (text.Length <= 160 ? text : text[..160] + "…").Replace('|', '/').Replace('\n', ' ');
}
