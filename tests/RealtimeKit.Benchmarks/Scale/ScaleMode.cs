using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.InMemory;
using RealtimeKit.Servers;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>
/// What each request costs where there is much of everything, beside the same with little, in one database. Both are asked in turns, so that a
/// machine that is slower for a while is slower for both.
/// </summary>
internal static class ScaleMode
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var stores = arguments.Text("stores", "sqlite,postgresql").Split(',');
        Population large = new(
            "large", arguments.Number("messages", 1_000_000), arguments.Number("members", 100_000), arguments.Number("channels", 5_000),
            arguments.Number("reactions", 10_000));
        Population small = new("small", 1_000, 1_000, 50, 20);
        Console.WriteLine(Setting.Describe());
        if (stores.Contains("sqlite"))
        {
            var folder = Directory.CreateDirectory(Path.Combine(arguments.Text("folder", Path.GetTempPath()), $"scale-{Guid.NewGuid():N}"));
            await MeasureAsync("SQLite", large, small, arguments, builder => builder.UseSqliteStore($"Data Source={Path.Combine(folder.FullName, "chat.db")}"));
            folder.Delete(recursive: true);
        }

        if (stores.Contains("postgresql"))
        {
            await using var server = await PostgreSqlServer.CreateAsync();
            await MeasureAsync("PostgreSQL", large, small, arguments, builder => builder.UsePostgreSqlStore(server.ConnectionString));
        }

        return 0;
    }

    private static async Task MeasureAsync(
        string store, Population large, Population small, Arguments arguments, Action<RealtimeMessagingBuilder> useStore)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        useStore(builder.Services.AddRealtimeMessaging(options => options.UsersMayCreateChannels = true));
        using var host = builder.Build();
        await host.StartAsync();
        foreach (var population in (Population[])[small, large])
        {
            var start = Stopwatch.GetTimestamp();
            await population.FillAsync(host.Services.GetRequiredService<IMessageStore>(), host.Services.GetRequiredService<IChannelStore>());
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{store}: {population.Messages:n0} messages in {Stopwatch.GetElapsedTime(start).TotalSeconds:f0} s"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {store} | {large.Messages:n0}: median, ms | p99 | {small.Messages:n0}: median, ms | p99 | ratio of medians |"));
        Console.WriteLine("|---|---|---|---|---|---|");
        var transport = new InProcessTransport(host.Services.GetRequiredService<IConnectionHandler>());
        var rounds = arguments.Number("rounds", 200);
        foreach (var (one, other) in ScaleRequest.Of(large).Zip(ScaleRequest.Of(small)))
        {
            var (much, little) = await InTurnsAsync(transport, one, other, rounds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {one.Name} | {Statistics.Rank(much, 0.5):f2} | {Statistics.Rank(much, 0.99):f2} | {Statistics.Rank(little, 0.5):f2} | {Statistics.Rank(little, 0.99):f2} | {Statistics.Rank(much, 0.5) / Statistics.Rank(little, 0.5):f1} |"));
        }

        await DeleteAsync(host, transport, large, small, TimeSpan.FromSeconds(arguments.Number("deletion", 20)));
        await host.StopAsync();
    }

    private static async Task<(double[] Much, double[] Little)> InTurnsAsync(InProcessTransport transport, ScaleRequest one, ScaleRequest other, int rounds)
    {
        await using var large = await ScaleClient.ConnectAsync(transport, one.User);
        await using var small = await ScaleClient.ConnectAsync(transport, other.User);
        var times = (Much: new double[rounds], Little: new double[rounds]);
        for (var round = 0; round < rounds; round++)
        {
            times.Much[round] = await OnceAsync(large, one, round);
            times.Little[round] = await OnceAsync(small, other, round);
        }

        Array.Sort(times.Much);
        Array.Sort(times.Little);
        return times;
    }

    private static async Task<double> OnceAsync(ScaleClient client, ScaleRequest request, int round)
    {
        if (request.Before is { } before) await client.AskAsync(before(round));
        return (await client.AskAsync(request.Fields(round))).Milliseconds;
    }

    // How long messages to another channel take while the rows of the large one go.
    private static async Task DeleteAsync(IHost host, InProcessTransport transport, Population large, Population small, TimeSpan time)
    {
        await using var client = await ScaleClient.ConnectAsync(transport, small.Newcomer);
        var publish = ScaleRequest.Of(small).Single(request => request.Name == "publish");
        var start = Stopwatch.GetTimestamp();
        var deleting = host.Services.GetRequiredService<IRealtimeMessaging>().DeleteChannelAsync(large.Log);
        var answered = default(TimeSpan?);
        var times = new List<double>();
        while (Stopwatch.GetElapsedTime(start) < time || !deleting.IsCompleted)
        {
            times.Add((await client.AskAsync(publish.Fields(0))).Milliseconds);
            if (deleting.IsCompleted) answered ??= Stopwatch.GetElapsedTime(start);
        }

        await deleting;
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nDeletion of {large.Messages:n0} messages: answered in {answered?.TotalMilliseconds:f0} ms; beside it publish p50 {Statistics.Rank(times, 0.5):f1}, p99 {Statistics.Rank(times, 0.99):f1}, longest {times[^1]:f1} ms.\n"));
    }
}
