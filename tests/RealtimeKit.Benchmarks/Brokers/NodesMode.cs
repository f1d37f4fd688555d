using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.InMemory;
using RealtimeKit.Servers;
using RealtimeKit.Transports;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>
/// Two nodes on one PostgreSQL, with each broker: from a publish on one to its delivery to a reader of the other, over several channels.
/// Both nodes and the readers are in this process.
/// </summary>
internal static class NodesMode
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (rate, channels, rounds) = (arguments.Number("rate", 2_000), arguments.Number("channels", 20), arguments.Number("rounds", 3));
        var time = TimeSpan.FromSeconds(arguments.Number("seconds", 10));
        await using var postgres = await PostgreSqlServer.CreateAsync();
        Console.WriteLine(Setting.Describe());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| broker, {rate:n0} messages a second over {channels} channels | p50, ms | p99, ms | rounds' p99 |"));
        Console.WriteLine("|---|---|---|---|");
        Console.WriteLine(await RowAsync("PostgreSQL", postgres, builder => builder.UsePostgreSqlBroker(), rate, channels, rounds, time));
        if (arguments.Text("brokers", "postgresql,rabbitmq") == "postgresql") return 0;
        await using var rabbit = await RabbitMqServer.CreateAsync();
        Console.WriteLine(await RowAsync("RabbitMQ", postgres, builder => builder.UseRabbitMqBroker(rabbit.Uri().ToString()), rate, channels, rounds, time));
        return 0;
    }

    private static async Task<string> RowAsync(
        string name, PostgreSqlServer postgres, Action<RealtimeMessagingBuilder> useBroker, int rate, int channels, int rounds, TimeSpan time)
    {
        var (medians, tails) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var schema = $"{name.ToLowerInvariant()}_{round}";
            using var one = await StartAsync(postgres, schema, useBroker);
            using var two = await StartAsync(postgres, schema, useBroker);
            var times = await RunAsync(one, two, rate, channels, time);
            medians.Add(Statistics.Rank(times, 0.5));
            tails.Add(Statistics.Rank(times, 0.99));
            await one.StopAsync();
            await two.StopAsync();
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | **{Statistics.Median(medians):f1}** | **{Statistics.Median(tails):f1}** | {string.Join(", ", tails.Select(tail => tail.ToString("f1", CultureInfo.InvariantCulture)))} |");
    }

    private static async Task<IHost> StartAsync(PostgreSqlServer postgres, string schema, Action<RealtimeMessagingBuilder> useBroker)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        useBroker(builder.Services.AddRealtimeMessaging().UsePostgreSqlStore(postgres.ConnectionString, options => options.Schema = schema));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static async Task<double[]> RunAsync(IHost one, IHost two, int rate, int channels, TimeSpan time)
    {
        var messaging = one.Services.GetRequiredService<IRealtimeMessaging>();
        var total = (int)(rate * (WarmUp + time).TotalSeconds);
        var skipped = (int)(rate * WarmUp.TotalSeconds);
        var (sent, times) = (new long[total], new ConcurrentBag<double>());
        using var arrived = new CountdownEvent(total);
        var reading = new List<Task>();
        for (var channel = 0; channel < channels; channel++)
        {
            await messaging.Channels.EnsureAsync($"c{channel}");
            reading.Add(await ReadAsync(two, $"c{channel}", number =>
            {
                if (number >= skipped) times.Add(Stopwatch.GetElapsedTime(sent[number]).TotalMilliseconds);
                arrived.Signal();
            }));
        }

        var sends = new ConcurrentBag<Task>();
        await Pace.RunAsync(rate, WarmUp + time, number =>
        {
            sent[number] = Stopwatch.GetTimestamp();
            sends.Add(messaging.Messages.SendAsync($"c{number % channels}", number.ToString(CultureInfo.InvariantCulture)));
            return ValueTask.CompletedTask;
        });
        await Task.WhenAll(sends);
        if (!await Task.Run(() => arrived.Wait(TimeSpan.FromMinutes(1)))) throw new TimeoutException($"{arrived.CurrentCount} of {total} messages did not arrive.");
        return [.. times.Order()];
    }

    private static async Task<Task> ReadAsync(IHost node, string channel, Action<int> take)
    {
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "reader")], "benchmark"));
        var client = new InProcessTransport(node.Services.GetRequiredService<IConnectionHandler>()).Connect(user);
        await client.SendAsync("""{"type":"connect","id":1}"""u8.ToArray());
        await client.SendAsync(Encoding.UTF8.GetBytes($$"""{"type":"subscribe","id":2,"channel":"{{channel}}"}"""));
        var subscribed = new TaskCompletionSource();
        var reading = Task.Run(async () =>
        {
            while (await client.ReceiveAsync() is { } frames)
                foreach (var line in Encoding.UTF8.GetString(frames.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries)) Take(line, subscribed, take);
        });
        await subscribed.Task;
        return reading;
    }

    private static void Take(string line, TaskCompletionSource subscribed, Action<int> take)
    {
        using var frame = JsonDocument.Parse(line);
        switch (frame.RootElement.GetProperty("type").GetString())
        {
            case "subscribed":
                subscribed.TrySetResult();
                break;
            case "event":
                take(Number(frame.RootElement.GetProperty("message")));
                break;
            case "changes":
                foreach (var message in frame.RootElement.GetProperty("messages").EnumerateArray()) take(Number(message));
                break;
        }
    }

    private static int Number(JsonElement message) => int.Parse(message.GetProperty("text").GetString()!, CultureInfo.InvariantCulture);
}
