using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Servers;
using RealtimeKit.Stores;

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
        var (large, small) = Populations(arguments);
        Console.WriteLine(Setting.Describe());
        if (stores.Contains("sqlite"))
        {
            SqliteMeter.Begin();
            var folder = Directory.CreateDirectory(Path.Combine(arguments.Text("folder", Path.GetTempPath()), $"scale-{Guid.NewGuid():N}"));
            var file = Path.Combine(folder.FullName, "chat.db");
            await MeasureAsync("SQLite", large, small, arguments, builder => builder.UseSqliteStore($"Data Source={file}"), () => SqliteReads.OfAsync(file));
            folder.Delete(recursive: true);
        }

        if (stores.Contains("postgresql"))
        {
            (large, small) = Populations(arguments);
            await using var server = await PostgreSqlServer.CreateAsync();
            await MeasureAsync(
                "PostgreSQL", large, small, arguments, builder => builder.UsePostgreSqlStore(server.ConnectionString), () => PostgreSqlReads.OfAsync(server));
        }

        return 0;
    }

    private static (Population Large, Population Small) Populations(Arguments arguments)
    {
        var reactions = arguments.Number("reactions", 10_000);
        const int most = 1_000, fewChannels = 110;
        return (
            new Population("large", arguments.Number("messages", 1_000_000), arguments.Number("members", 100_000), arguments.Number("channels", 5_000), reactions, arguments.Number("listed", 100_000)),
            new Population("small", most, most, fewChannels, Math.Min(most, reactions), fewChannels));
    }

    private static async Task MeasureAsync(
        string store, Population large, Population small, Arguments arguments, Action<RealtimeMessagingBuilder> useStore, Func<Task<IReads>> count)
    {
        List<(ScaleRequest Much, ScaleRequest Little)> requests;
        var table = new ScaleTable(store, large.Messages, small.Messages);
        var rounds = arguments.Number("rounds", 200);
        await using (var node = await ScaleNode.StartAsync(useStore))
        {
            foreach (var population in (Population[])[small, large]) await FillAsync(store, node, population);
            // Their fields depend on what was filled.
            requests = [.. ScaleRequest.Of(large).Zip(ScaleRequest.Of(small))];
            foreach (var (much, little) in requests) table.AddTimes(much.Name, await InTurnsAsync(node, much, little, rounds));
        }

        // What is counted is slower: so it is done apart, by another node.
        var reads = await count();
        await using (var node = await ScaleNode.StartAsync(useStore))
        {
            foreach (var (much, little) in requests) table.AddReads(much.Name, await CountAsync(node, much, rounds, reads), await CountAsync(node, little, rounds, reads));
            Console.WriteLine(table.ToMarkdown());
        }

        await reads.EndAsync();
        await using (var node = await ScaleNode.StartAsync(useStore))
        {
            await MarksJob.RunAsync(node, arguments);
            await DeleteAsync(node, large, small, TimeSpan.FromSeconds(arguments.Number("deletion", 20)));
        }
    }

    private static async Task FillAsync(string store, ScaleNode node, Population population)
    {
        var start = Stopwatch.GetTimestamp();
        await population.FillAsync(node.Get<IMessageStore>(), node.Get<IChannelStore>());
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{store}: {population.Messages:n0} messages in {Stopwatch.GetElapsedTime(start).TotalSeconds:f0} s"));
    }

    private static async Task<(double[] Much, double[] Little)> InTurnsAsync(ScaleNode node, ScaleRequest much, ScaleRequest little, int rounds)
    {
        await using var large = await ScaleClient.ConnectAsync(node.Transport, much.UserIn(0));
        await using var small = await ScaleClient.ConnectAsync(node.Transport, little.UserIn(0));
        var times = (Much: new double[rounds], Little: new double[rounds]);
        for (var round = 0; round < rounds; round++)
        {
            times.Much[round] = await node.OnceAsync(large, much, round);
            times.Little[round] = await node.OnceAsync(small, little, round);
        }

        Array.Sort(times.Much);
        Array.Sort(times.Little);
        return times;
    }

    private static async Task<Reads> CountAsync(ScaleNode node, ScaleRequest request, int first, IReads reads)
    {
        const int rounds = 5;
        var counts = new List<Reads>();
        for (var round = first; round < first + rounds; round++)
        {
            await using var client = await ScaleClient.ConnectAsync(node.Transport, request.UserIn(round));
            if (request.Before is { } before) await client.AskAsync(before(round));
            await reads.SinceAsync();
            await client.AskAsync(request.Fields(round));
            counts.Add(await reads.SinceAsync());
        }

        return counts.OrderBy(one => one.Bytes).ElementAt(rounds / 2);
    }

    // How long messages to another channel take while the rows of the large one go.
    private static async Task DeleteAsync(ScaleNode node, Population large, Population small, TimeSpan time)
    {
        await using var client = await ScaleClient.ConnectAsync(node.Transport, small.Newcomer);
        var publish = ScaleRequest.Of(small).Single(request => request.Name == "publish");
        var quiet = await PublishAsync(() => false, time / 4);
        var start = Stopwatch.GetTimestamp();
        var deleting = node.Get<IRealtimeMessaging>().Channels.DeleteAsync(large.Log);
        var answered = Stopwatch.GetElapsedTime(start);
        _ = deleting.ContinueWith(_ => answered = Stopwatch.GetElapsedTime(start), TaskScheduler.Default);
        var beside = await PublishAsync(() => !deleting.IsCompleted, time);
        await deleting;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nDeletion of {large.Messages:n0} messages: answered in {answered.TotalMilliseconds:f0} ms; publish before p50 {Statistics.Rank(quiet, 0.5):f1}, p99 {Statistics.Rank(quiet, 0.99):f1}, longest {quiet[^1]:f1} ms; beside it for {time.TotalSeconds:f0} s p50 {Statistics.Rank(beside, 0.5):f1}, p99 {Statistics.Rank(beside, 0.99):f1}, longest {beside[^1]:f1} ms.\n"));

        async Task<double[]> PublishAsync(Func<bool> mustGoOn, TimeSpan limit)
        {
            var times = new List<double>();
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < limit || mustGoOn();)
                times.Add((await client.AskAsync(publish.Fields(0))).Milliseconds);
            times.Sort();
            return [.. times];
        }
    }
}
