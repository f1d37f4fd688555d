using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Servers;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>Two nodes on PostgreSQL and RabbitMQ: from a publish on one to its delivery on the other, beside what RabbitMQ and the store take alone.</summary>
internal static class BrokerMode
{
    // About what an event of this job has with its envelope.
    private const int BodyBytes = 450;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (rate, rounds, time) = (arguments.Number("rate", 1_000), arguments.Number("rounds", 3), TimeSpan.FromSeconds(arguments.Number("seconds", 10)));
        await using var rabbit = await RabbitMqServer.CreateAsync();
        await using var postgres = await PostgreSqlServer.CreateAsync();
        var report = new BrokerReport(rate);
        for (var round = 0; round < rounds; round++)
        {
            var bare = await BareRoundTrip.RunAsync(rabbit.Uri(), rate, BodyBytes, WarmUp, time);
            var commit = await StoreCommit.RunAsync(postgres.ConnectionString, rate, WarmUp, time);
            await using var one = await StartAsync(rabbit, postgres);
            await using var two = await StartAsync(rabbit, postgres);
            var through = TwoNodesJob.Run(one, two, rate, WarmUp, time);
            report.Add(bare, commit, through);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"p50: bare {Statistics.Rank(bare, 0.5):f2} ms, commit {Statistics.Rank(commit, 0.5):f2} ms, node to node {Statistics.Rank(through, 0.5):f2} ms"));
        }

        await Console.Out.WriteLineAsync(report.ToMarkdown());
        return 0;
    }

    private static Task<ServerProcess> StartAsync(RabbitMqServer rabbit, PostgreSqlServer postgres) => ServerProcess.StartAsync(
        null, "realtimekit-cluster", "--postgresql", postgres.ConnectionString, "--rabbitmq", rabbit.Uri().ToString());
}
