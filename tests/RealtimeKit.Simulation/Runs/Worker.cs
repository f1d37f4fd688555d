using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.Plants;

namespace RealtimeKit.Simulation.Runs;

/// <summary>Runs trials in this process, one after another.</summary>
internal static class Worker
{
    private const int MostTexts = 8;
    // A planted fault must be found within so many seeds.
    private const int MostSeeds = 60;

    /// <summary>Does what is asked for and gives the exit code: 0 where nothing was found, and each plant was.</summary>
    public static Task<int> RunAsync(Request request) => request.Plants ? FindPlantsAsync(request) : RunSeedsAsync(request);

    private static async Task<int> RunSeedsAsync(Request request)
    {
        var sum = new Summary();
        for (var n = 0; n < request.Seeds; n++)
        {
            var seed = request.From + (n * request.Step);
            var result = await SimulatedTrial.RunAsync(seed, request.Plant, request.Kinds, request.Story);
            sum.Add(result);
            Print(result, request);
            if (request.Repeat > 1) Console.WriteLine($"  {await RepeatAsync(result, request)}");
        }

        Console.WriteLine(sum.HandOver());
        return sum.Bad == 0 ? 0 : 1;
    }

    private static void Print(TrialResult result, Request request)
    {
        Console.WriteLine(result.Line());
        if (request.Story) foreach (var line in result.Story.Lines) Console.WriteLine(line);
        if (result.IsGood) return;
        foreach (var text in result.Trial.Findings.Texts.Take(MostTexts)) Console.WriteLine($"  {text}");
        foreach (var episode in result.Episodes) Console.WriteLine($"  {episode.Lead.TotalSeconds:f1} s, then {episode}");
        var plant = request.Plant is null ? "" : $" --plant {request.Plant.Name}";
        var faults = request.Kinds is null ? "" : $" --faults {string.Join(',', request.Kinds.Select(Fault.Name))}";
        Console.WriteLine($"  repeat: dotnet run --project tests/RealtimeKit.Simulation -c Release -- --seed {result.Seed}{plant}{faults}");
    }

    // The same seed again: how often it ended as it did, and how often everything happened alike.
    private static async Task<string> RepeatAsync(TrialResult first, Request request)
    {
        var (alike, same) = (1, 1);
        for (var n = 1; n < request.Repeat; n++)
        {
            var again = await SimulatedTrial.RunAsync(first.Seed, request.Plant, request.Kinds, isTold: false);
            if (IsFound(again, request.Plant) == IsFound(first, request.Plant)) alike++;
            if (again.Scheduler.Digest == first.Scheduler.Digest) same++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{alike} of {request.Repeat} ended alike, {same} step by step");
    }

    // Anything, or what was planted by a check that must find it.
    private static bool IsFound(TrialResult result, Plant? plant) =>
        plant is null ? !result.IsGood : plant.CaughtBy.Any(check => result.Trial.Findings.Violations(check) > 0);

    private static async Task<int> FindPlantsAsync(Request request)
    {
        Console.WriteLine("| planted | must be found by | found by (violations) | seeds | again |");
        Console.WriteLine("|---|---|---|---|---|");
        var missed = 0;
        foreach (var plant in Garden.All.Where(plant => !plant.NeedsProcesses))
        {
            var row = await FindAsync(request with { Plant = plant });
            if (row is null) missed++;
            Console.WriteLine($"| `{plant.Name}` | {string.Join(", ", plant.CaughtBy.Select(Findings.Name))} | {row ?? $"**not found** | {MostSeeds} | "} |");
        }

        return missed == 0 ? 0 : 1;
    }

    private static async Task<string?> FindAsync(Request request)
    {
        for (var n = 0; n < MostSeeds; n++)
        {
            var result = await SimulatedTrial.RunAsync(request.From + n, request.Plant, request.Kinds, isTold: false);
            if (!IsFound(result, request.Plant)) continue;
            var by = Enum.GetValues<Check>().Where(check => result.Trial.Findings.Violations(check) > 0)
                .Select(check => string.Create(CultureInfo.InvariantCulture, $"{Findings.Name(check)} {result.Trial.Findings.Violations(check)}"));
            return $"{string.Join(", ", by)} | {n + 1} | {await RepeatAsync(result, request)}";
        }

        return null;
    }
}
