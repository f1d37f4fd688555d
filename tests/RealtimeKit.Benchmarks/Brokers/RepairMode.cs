using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Delivery;
using RealtimeKit.Hosting;
using RealtimeKit.Servers;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>What one repair costs a node that serves many channels, where none is behind: the usual case, at every interval.</summary>
internal static class RepairMode
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (count, rounds) = (arguments.Number("channels", 10_000), arguments.Number("rounds", 20));
        Console.WriteLine(Setting.Describe());
        Console.WriteLine("| store | channels | one repair, median, ms | longest, ms | of it processor time of the node, ms |");
        Console.WriteLine("|---|---|---|---|---|");
        Console.WriteLine(await RunAsync("in memory", count, rounds, builder => builder.UseInMemoryStore()));
        await using var server = await PostgreSqlServer.CreateAsync();
        Console.WriteLine(await RunAsync("PostgreSQL", count, rounds, builder => builder.UsePostgreSqlStore(server.ConnectionString)));
        return 0;
    }

    private static async Task<string> RunAsync(string name, int count, int rounds, Action<RealtimeMessagingBuilder> useStore)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        useStore(builder.Services.AddRealtimeMessaging());
        using var host = builder.Build();
        await host.StartAsync();
        var node = host.Services.GetRequiredService<RealtimeNode>();
        var messaging = host.Services.GetRequiredService<IRealtimeMessaging>();
        var served = new List<LocalChannel>(count);
        for (var number = 0; number < count; number++)
        {
            await messaging.Channels.EnsureAsync($"channel-{number}");
            served.Add(await node.LocalChannels.AcquireAsync($"channel-{number}", default));
        }

        await node.Repair.CheckAsync(served, default);
        var times = new double[rounds];
        using var process = Process.GetCurrentProcess();
        var processor = process.TotalProcessorTime;
        for (var round = 0; round < rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            await node.Repair.CheckAsync(served, default);
            times[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        process.Refresh();
        var used = (process.TotalProcessorTime - processor).TotalMilliseconds / rounds;
        await host.StopAsync();
        return string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {count:n0} | {Statistics.Median(times):f1} | {times.Max():f1} | {used:f1} |");
    }
}
