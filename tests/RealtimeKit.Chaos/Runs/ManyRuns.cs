using System.Globalization;
using RealtimeKit.Chaos.Nodes;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;

namespace RealtimeKit.Chaos.Runs;

/// <summary>Runs of seed after seed for a given time, and a table of them.</summary>
internal sealed class ManyRuns(Settings settings, ChaosServers servers)
{
    private readonly List<string> _rows = [];
    private readonly SortedDictionary<FaultKind, int> _faults = [];
    private readonly Findings _sum = new();

    /// <summary>Runs them all and gives how many found something.</summary>
    public async Task<int> RunAsync()
    {
        var begin = TimeProvider.System.GetTimestamp();
        var (bad, runs, sends, episodes) = (0, 0, 0L, 0);
        var file = Path.Combine(Directory.CreateDirectory(settings.Output).FullName, "reliability-table.md");
        for (var seed = settings.Seed; TimeProvider.System.GetElapsedTime(begin) < settings.Total; seed++)
        {
            var result = await new SeedRun(settings with { Seed = seed }, servers).RunAsync();
            Console.WriteLine(Report.Line(result));
            runs++;
            sends += result.Sends;
            episodes += result.Faults.Count;
            if (result.Findings.Total > 0) bad++;
            foreach (var fault in result.Faults) _faults[fault.Kind] = _faults.GetValueOrDefault(fault.Kind) + 1;
            _sum.Add(result.Findings);
            _rows.Add(Row(result));
            var summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{runs} seeds ({settings.Seed} to {seed}) in {TimeProvider.System.GetElapsedTime(begin).TotalMinutes:f0} minutes: {episodes} faults, {sends:n0} sends, {_sum.Total} violations in {bad} runs.");
            await File.WriteAllLinesAsync(file, [summary, "", .. Tables()]);
        }

        Console.WriteLine(await File.ReadAllTextAsync(file));
        Console.WriteLine($"The table: {file}");
        return bad;
    }

    private IEnumerable<string> Tables() =>
    [
        "| check | checked | violations |", "|---|---|---|",
        .. Enum.GetValues<Check>().Select(check => string.Create(
            CultureInfo.InvariantCulture, $"| {Findings.Name(check)} | {_sum.Checked(check):n0} | {_sum.Violations(check)} |")),
        "", "| fault | times |", "|---|---|",
        .. Schedule.AllKinds.Where(kind => Fault.IsPossible(kind, settings.BrokerIsPostgreSql)).Select(kind => string.Create(CultureInfo.InvariantCulture, $"| {Fault.Name(kind)} | {_faults.GetValueOrDefault(kind)} |")),
        "", "| seed | faults | sends | sent again | connections | level after | presence after | violations |", "|---|---|---|---|---|---|---|---|",
        .. _rows,
    ];

    private static string Row(RunResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {result.Seed} | {string.Join(", ", result.Faults.Select(fault => Fault.Name(fault.Kind)))} | {result.Sends:n0} | {result.Repeated:n0} | {result.Connections:n0} | {result.LongestLevel.TotalSeconds:f1} s | {result.LongestPresence.TotalSeconds:f1} s | {result.Findings.Total} |");
}
