using System.Globalization;
using RealtimeKit.Chaos.Checks;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Chaos.Plants;

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
        foreach (var plant in Garden.All.Where(plant => settings.Plant is null || settings.Plant == plant.Name))
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

    private async Task<(string Line, bool Found)> ProveAsync(Plant plant)
    {
        var names = string.Join(", ", plant.CaughtBy.Select(Findings.Name));
        for (var n = 0; n < MostSeeds; n++)
        {
            var own = Settings.Parse(["--faults", plant.Faults]) with
            {
                Seed = settings.Seed + n, Length = Length, Plant = plant.Name, Own = true, Sqlite = settings.Sqlite, Nodes = settings.Nodes,
                Rate = settings.Rate, Slack = settings.Slack, Output = settings.Output,
            };
            var result = await new SeedRun(own, servers).RunAsync();
            if (result.Findings.Total > 0) Directory.Delete(result.Folder, recursive: true);
            if (!plant.CaughtBy.Any(check => result.Findings.Violations(check) > 0)) continue;
            var by = Enum.GetValues<Check>().Where(check => result.Findings.Violations(check) > 0)
                .Select(check => string.Create(CultureInfo.InvariantCulture, $"{Findings.Name(check)} {result.Findings.Violations(check)}"));
            var first = result.Findings.Texts.First(text => plant.CaughtBy.Any(check => text.StartsWith(Findings.Name(check), StringComparison.Ordinal)));
            return ($"| {plant.Name}: {plant.What} | {names} | {string.Join(", ", by)} | {n + 1} | {Shorten(first)} |", true);
        }

        return ($"| {plant.Name}: {plant.What} | {names} | **not found** | {MostSeeds} | |", false);
    }

    private static string Shorten(string text) => (text.Length <= 160 ? text : text[..160] + "…").Replace('|', '/').Replace('\n', ' ');
}
