using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Reports;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Runs every job on every server in alternation, several rounds, and prints the comparison.</summary>
internal static class LoadMode
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rounds = arguments.Number("rounds", 3);
        var names = arguments.Text("servers", string.Join(',', Contender.All.Select(x => x.Name))).Split(',');
        var contenders = names.Select(x => Contender.All.Single(y => y.Name == x)).ToList();
        var report = new LoadReport();
        foreach (var job in Jobs(arguments))
        {
            await Console.Error.WriteLineAsync($"# {job.Name}");
            for (var round = 0; round < rounds; round++)
            {
                // Nobody always comes first, or always behind the same one.
                for (var i = 0; i < contenders.Count; i++)
                    report.Add(job, contenders[(i + round) % contenders.Count], await MeasureAsync(job, contenders[(i + round) % contenders.Count]));
            }
        }

        await Console.Out.WriteLineAsync(report.ToMarkdown());
        return 0;
    }

    private static async Task<Measurement> MeasureAsync(IJob job, Contender contender)
    {
        await using var server = await ServerProcess.StartAsync(
            core: 0, contender.Server, "--channels", job.Channels.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var result = await job.RunAsync(contender, server);
        await Console.Error.WriteLineAsync($"{contender.Name,-16} {result.Value,10:n3} {job.Unit}: {result.Detail}");
        return result;
    }

    private static IEnumerable<IJob> Jobs(Arguments arguments) =>
        arguments.Text("jobs", "fanout,rooms,idle,storm").Split(',').Select(IJob (name) => name switch
        {
            "fanout" => new FanOutJob(arguments),
            "rooms" => new RoomsJob(arguments),
            "idle" => new IdleJob(arguments),
            "storm" => new StormJob(arguments),
            _ => throw new ArgumentException($"Unknown job {name}."),
        });
}
