using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Servers;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>PostgreSQL with <c>synchronous_commit</c>: what pgbench reaches, what the store reaches, and what clients reach, all on the same cores.</summary>
internal static class PostgreSqlMode
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (channels, rate, rounds) = (64, arguments.Number("rate", 5000), arguments.Number("rounds", 3));
        var (window, clients) = (arguments.Number("window", 64), arguments.Number("pgbench-clients", 1));
        var time = TimeSpan.FromSeconds(arguments.Number("seconds", 5));
        var report = new PostgreSqlReport(channels, window, rate);
        for (var round = 0; round < rounds; round++)
        {
            // A server for each round: tables that grow and checkpoints that come due are the same for all three.
            await using var server = await PostgreSqlServer.CreateAsync();
            if (arguments.Number("fresh", 0) == 0) await AgeAsync(server);
            var (raw, store, small) = await InTurnsAsync(arguments, server, channels, clients, window, time);
            var whole = await OnServerAsync(arguments, server, "whole", channels, x => PipelinedJob.Run(x, channels, window, WarmUp, time).PerSecond);
            report.Add(raw, store.PerSecond, small.PerSecond, whole);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"pgbench {raw:n0}/s, the store {store.PerSecond:n0}/s ({store.PerSecond / raw:f2}, {store.BatchSize:f0} a batch) and {small.PerSecond:n0}/s ({small.PerSecond / raw:f2}, {small.BatchSize:f0} a batch), from clients {whole:n0}/s ({whole / raw:f2})"));
        }

        for (var round = 0; round < rounds; round++)
        {
            await using var server = await PostgreSqlServer.CreateAsync();
            if (arguments.Number("fresh", 0) == 0) await AgeAsync(server);
            var disk = DiskProbe.Run(Path.GetTempPath(), TimeSpan.FromSeconds(3));
            var paced = TimeSpan.FromSeconds(arguments.Number("paced", 20));
            var latencies = await OnServerAsync(arguments, server, "paced", channels, x => PacedJob.Run(x, channels, rate, WarmUp, paced));
            report.AddLatencies(latencies, disk);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{rate}/s: p50 {Statistics.Rank(latencies, 0.5):f2} ms, p99 {Statistics.Rank(latencies, 0.99):f2} ms, longest {latencies[^1]:f2} ms; {DiskProbe.Describe(disk)}"));
        }

        await Console.Out.WriteLineAsync(report.ToMarkdown());
        return 0;
    }

    // A second of each in turns: a machine that is slower for a while is slower for all. The store has as many messages outstanding as the
    // clients will have, and then two in each channel: while one is committed the next gathers, which makes batches as small as pgbench's.
    private static async Task<(double Raw, (double PerSecond, double BatchSize) Store, (double PerSecond, double BatchSize) Small)> InTurnsAsync(
        Arguments arguments, PostgreSqlServer server, int channels, int clients, int window, TimeSpan time)
    {
        var (most, slice) = (new RealtimeOptions().AppendBatchSize, TimeSpan.FromSeconds(1));
        var (raw, store, small) = (new List<double>(), new List<(double PerSecond, double BatchSize)>(), new List<(double PerSecond, double BatchSize)>());
        await WithStoreAsync(arguments, server, "raw", channels, _ => WithStoreAsync(arguments, server, "store", channels, async x =>
        {
            await PgBench.RunAsync(server.Port, "raw", clients, WarmUp);
            await StoreJob.RunAsync(x, channels, window, most, WarmUp);
            for (var passed = TimeSpan.Zero; passed < time; passed += slice)
            {
                raw.Add(await PgBench.RunAsync(server.Port, "raw", clients, slice));
                store.Add(await StoreJob.RunAsync(x, channels, window, most, slice));
                small.Add(await StoreJob.RunAsync(x, channels, 2, most, slice));
            }
        }));
        return (raw.Average(), Average(store), Average(small));

        static (double PerSecond, double BatchSize) Average(List<(double PerSecond, double BatchSize)> all) => (all.Average(x => x.PerSecond), all.Average(x => x.BatchSize));
    }

    // A server that has run for a while writes its log into segments that it has used before. A fresh one makes each of them
    // anew, 16 MB of zeros and a flush, for which commits may wait.
    private static async Task AgeAsync(PostgreSqlServer server)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(server.ConnectionString);
        await using var age = source.CreateCommand("CREATE TABLE age AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 400000)");
        await age.ExecuteNonQueryAsync();
        await using var drop = source.CreateCommand("DROP TABLE age");
        await drop.ExecuteNonQueryAsync();
        await using var checkpoint = source.CreateCommand("CHECKPOINT");
        await checkpoint.ExecuteNonQueryAsync();
    }

    private static async Task WithStoreAsync(Arguments arguments, PostgreSqlServer server, string schema, int channels, Func<IMessageStore, Task> job)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRealtimeMessaging(options => options.Search = arguments.IsOn("search")).UsePostgreSqlStore(server.ConnectionString, x => x.Schema = schema);
        using var host = builder.Build();
        await host.StartAsync();
        for (var i = 0; i < channels; i++) await host.Services.GetRequiredService<IRealtimeMessaging>().Channels.EnsureAsync($"c{i}");
        await job(host.Services.GetRequiredService<IMessageStore>());
        await host.StopAsync();
    }

    private static async Task<T> OnServerAsync<T>(Arguments arguments, PostgreSqlServer server, string schema, int channels, Func<ServerProcess, T> job)
    {
        await using var process = await ServerProcess.StartAsync(
            null, "realtimekit-postgresql", "--postgresql", server.ConnectionString, "--schema", schema,
            "--channels", channels.ToString(CultureInfo.InvariantCulture), "--search", arguments.Text("search", "on"));
        return job(process);
    }
}
