using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Reports;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>SQLite with <c>synchronous=FULL</c>: throughput against one commit per message, and latency at a steady pace.</summary>
internal static class DurableMode
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (channels, window) = (arguments.Number("channels", 64), arguments.Number("window", 64));
        var (rate, rounds) = (arguments.Number("rate", 5000), arguments.Number("rounds", 3));
        var time = TimeSpan.FromSeconds(arguments.Number("seconds", 5));
        var report = new DurableReport(channels, window, rate);
        for (var round = 0; round < rounds; round++)
        {
            var single = InFolder(arguments, folder => CommitPerMessage.Run(Path.Combine(folder, "single.db"), time, channels));
            var (perSecond, cpu) = await OnServerAsync(
                arguments, channels, x => PipelinedJob.Run(x, channels, window, WarmUp, time));
            report.Add(single, perSecond);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"one commit per message {single:n0}/s, pipelined {perSecond:n0}/s (server {cpu / time:p0} of a core): {perSecond / single:f1} times"));
        }

        for (var round = 0; round < rounds; round++)
        {
            var disk = InFolder(arguments, folder => DiskProbe.Run(folder, TimeSpan.FromSeconds(3)));
            var paced = TimeSpan.FromSeconds(arguments.Number("paced", 20));
            var latencies = await OnServerAsync(arguments, channels, x => PacedJob.Run(x, channels, rate, WarmUp, paced));
            report.AddLatencies(latencies, disk);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{rate}/s: p50 {Statistics.Rank(latencies, 0.5):f2} ms, p99 {Statistics.Rank(latencies, 0.99):f2} ms, longest {latencies[^1]:f2} ms; {DiskProbe.Describe(disk)}"));
        }

        await Console.Out.WriteLineAsync(report.ToMarkdown());
        return 0;
    }

    private static async Task<T> OnServerAsync<T>(Arguments arguments, int channels, Func<ServerProcess, T> job)
    {
        var folder = Folder(arguments);
        try
        {
            await using var server = await ServerProcess.StartAsync(
                null,
                "realtimekit-sqlite",
                "--channels",
                channels.ToString(CultureInfo.InvariantCulture),
                "--database",
                Path.Combine(folder, "messages.db"),
                "--search",
                arguments.Text("search", "on"));
            return job(server);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static T InFolder<T>(Arguments arguments, Func<string, T> job)
    {
        var folder = Folder(arguments);
        try
        {
            return job(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Folder(Arguments arguments) =>
        Directory.CreateDirectory(Path.Combine(arguments.Text("folder", Path.GetTempPath()), "realtimekit-" + Guid.NewGuid())).FullName;
}
