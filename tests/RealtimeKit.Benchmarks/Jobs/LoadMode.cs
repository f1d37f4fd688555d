using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Reports;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Runs every job on every server in alternation, several rounds with fresh servers in each, and prints the comparison.</summary>
internal static class LoadMode
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rounds = arguments.Number("rounds", 3);
        var names = arguments.Text("servers", string.Join(',', Contender.All.Select(x => x.Name).Where(x => x is not ("nats" or "realtimekit-sqlite")))).Split(',');
        var contenders = names.Select(x => Contender.All.Single(y => y.Name == x)).ToList();
        var report = new LoadReport();
        foreach (var job in Jobs(arguments))
        {
            await Console.Error.WriteLineAsync($"# {job.Name}");
            for (var round = 0; round < rounds; round++)
                await RunRoundAsync(job, [.. Rotate(contenders, round)], report);
        }

        await Console.Out.WriteLineAsync(report.ToMarkdown());
        return 0;
    }

    private static async Task RunRoundAsync(IJob job, List<Contender> contenders, LoadReport report)
    {
        var servers = new Dictionary<Contender, ServerProcess>();
        try
        {
            foreach (var contender in contenders)
            {
                servers[contender] = contender.Server == "nats" ? await ServerProcess.StartNatsAsync(core: 0) : await ServerProcess.StartAsync(
                    core: 0, [contender.Server, "--channels", job.Channels.ToString(CultureInfo.InvariantCulture), .. job.ServerArguments, .. contender.ServerArguments()]);
                await job.WarmUpAsync(contender, servers[contender]);
            }

            for (var turn = 0; turn < job.Turns; turn++)
            {
                foreach (var contender in Rotate(contenders, turn))
                {
                    var result = await job.MeasureAsync(contender, servers[contender]);
                    var figures = string.Concat((result.Figures ?? []).Select(figure => string.Create(CultureInfo.InvariantCulture, $"; {figure.Name} {figure.Value:n1}")));
                    await Console.Error.WriteLineAsync($"{contender.Name,-16} {result.Value,10:n3} {job.Unit}: {result.Detail}{figures}");
                    report.Add(job, contender, result);
                }
            }
        }
        finally
        {
            foreach (var server in servers.Values)
                await server.DisposeAsync();
        }
    }

    /// <summary>Nobody always comes first, or always behind the same one.</summary>
    private static IEnumerable<Contender> Rotate(List<Contender> contenders, int by) =>
        contenders.Skip(by % contenders.Count).Concat(contenders.Take(by % contenders.Count));

    private static IEnumerable<IJob> Jobs(Arguments arguments) =>
        arguments.Text("jobs", "fanout,rooms,idle,storm,saturate").Split(',').SelectMany(IEnumerable<IJob> (name) => name switch
        {
            "fanout" => [new FanOutJob(arguments)],
            "rooms" => [new RoomsJob(arguments)],
            "idle" => [new IdleJob(arguments)],
            "storm" => [new StormJob(arguments)],
            "saturate" => SaturateJob.All(arguments),
            _ => throw new ArgumentException($"Unknown job {name}."),
        });
}
