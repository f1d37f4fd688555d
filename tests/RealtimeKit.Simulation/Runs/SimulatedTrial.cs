using System.Globalization;
using RealtimeKit.Checking.Checks;
using RealtimeKit.Checking.Faults;
using RealtimeKit.Checking.History;
using RealtimeKit.Checking.Plants;
using RealtimeKit.Checking.Runs;
using RealtimeKit.Simulation.Nodes;
using RealtimeKit.Simulation.Servers;
using RealtimeKit.Simulation.Time;

namespace RealtimeKit.Simulation.Runs;

/// <summary>The trial of one seed.</summary>
internal static class SimulatedTrial
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    public static async Task<TrialResult> RunAsync(int seed, Plant? plant, IReadOnlyList<FaultKind>? kinds, bool isTold)
    {
        var began = TimeProvider.System.GetTimestamp();
        var conditions = new Conditions(Seeds.Derive(seed, "conditions"));
        var settings = new TrialSettings
        {
            Seed = seed, Plant = plant?.Name, Length = TimeSpan.FromSeconds(16), GivenUpIsOver = true,
            Clients = 5, RawClients = 4, Hot = 1, Warm = 2, Quiet = 1, Rate = 25,
            CrowdSize = 5, CrowdPublishers = 3, CrowdWindow = 40,
            // An answer that comes late is as good as lost. Where the database is the broker, the nodes hear nothing until it is back.
            PresenceLimit = TimeSpan.FromSeconds(
                conditions.LosesNotices > 0 || conditions.ReordersNotices ? 45 : conditions.IsBrokerPostgreSql ? 20 : 15),
            Kinds = [.. (kinds ?? (plant is null ? Schedule.AllKinds : Schedule.Parse(plant.Faults)))
                .Where(kind => Fault.IsPossible(kind, conditions.IsBrokerPostgreSql))],
        };
        var episodes = Schedule.Make(seed, settings.Length, settings.Kinds, settings.Nodes, settings.Clients + settings.RawClients);
        var scheduler = new Scheduler(Seeds.Derive(seed, "order"));
        var time = new VirtualTime(scheduler);
        var story = new Story(time, quiet: true) { IsTold = isTold };
        story.Tell($"seed {seed}: {conditions}");
        var database = new SimulatedDatabase();
        var broker = new SimulatedBrokerServer(conditions.IsBrokerPostgreSql ? database : null);
        using var world = new SimulatedWorld(new Surroundings(scheduler, time, database, broker, conditions, plant, story), settings.Nodes);
        var trial = new Trial(settings, world, "s", story);
        try
        {
            await scheduler.RunAsync(() => trial.RunAsync(episodes), Limit);
        }
        catch (TimeoutException e)
        {
            trial.Findings.Violate(Check.Live, e.Message);
        }

        return new TrialResult(seed, trial, episodes, conditions, story, scheduler, TimeProvider.System.GetElapsedTime(began));
    }
}

/// <summary>What became of the trial of one seed.</summary>
internal sealed record TrialResult(
    int Seed, Trial Trial, IReadOnlyList<Episode> Episodes, Conditions Conditions, Story Story, Scheduler Scheduler, TimeSpan Took)
{
    public bool IsGood => Trial.Findings.Total == 0;

    public int Faults => Episodes.Sum(episode => episode.Faults.Count);

    public string Line() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Seed}: {(IsGood ? "good" : $"{Trial.Findings.Total} VIOLATIONS")}, {Faults} faults, {Trial.Ledger.Sends.Count} sends ({Trial.Repeated} acknowledged as sent again), {Trial.Connections} connections, {TimeSpan.FromTicks(Scheduler.Now).TotalSeconds:f0} s in {Took.TotalMilliseconds:f0} ms, {Scheduler.Digest:x16}");
}
