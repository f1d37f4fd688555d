using System.Globalization;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Protocol;
using RealtimeKit.Stores;

namespace RealtimeKit.Benchmarks.Scale;

/// <summary>How long a publish takes while many readers mark every message as read, beside the same readers without marks.</summary>
internal static class MarksJob
{
    private const string Channel = "marks";

    public static async Task RunAsync(ScaleNode node, Arguments arguments)
    {
        var readers = arguments.Number("readers", 1_000);
        var messages = arguments.Number("marked", 100);
        var every = TimeSpan.FromMilliseconds(arguments.Number("every", 500));
        await node.Get<IChannelStore>().CreateAsync(
            new NewChannel(Channel, ChannelKind.Public, null, null, [], DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds())), default);
        await using var publisher = await ScaleClient.ConnectAsync(node.Transport, "marks-publisher");
        var marking = new Marking();
        var running = new List<(ScaleClient Client, Task Task)>();
        for (var number = 0; number < readers; number++)
        {
            var client = await ScaleClient.ConnectAsync(node.Transport, $"marks-reader{number}");
            await client.AskAsync($"\"type\":\"subscribe\",\"channel\":\"{Channel}\"");
            running.Add((client, client.MarkAllAsync(Channel, marking)));
        }

        await PublishAsync(publisher, messages / 10, every);
        var without = await PublishAsync(publisher, messages, every);
        marking.IsOn = true;
        var with = await PublishAsync(publisher, messages, every);
        foreach (var (client, task) in running)
        {
            await client.DisposeAsync();
            await task;
        }

        if (marking.Count < readers * messages * 9L / 10) throw new InvalidOperationException($"Only {marking.Count} of {readers * messages} marks were answered.");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{readers:n0} readers, a message every {every.TotalMilliseconds:n0} ms: publish p50 {Statistics.Rank(without, 0.5):f1}, p99 {Statistics.Rank(without, 0.99):f1} ms; while all mark each ({marking.Count:n0} marks answered) p50 {Statistics.Rank(with, 0.5):f1}, p99 {Statistics.Rank(with, 0.99):f1} ms.\n"));
    }

    private static async Task<double[]> PublishAsync(ScaleClient publisher, int messages, TimeSpan every)
    {
        var times = new double[messages];
        using var timer = new PeriodicTimer(every);
        for (var number = 0; number < messages; number++)
        {
            await timer.WaitForNextTickAsync();
            times[number] = (await publisher.AskAsync(
                $"\"type\":\"publish\",\"channel\":\"{Channel}\",\"message\":{{\"id\":\"{Guid.CreateVersion7()}\",\"text\":\"Hello\"}}")).Milliseconds;
        }

        Array.Sort(times);
        return times;
    }
}

/// <summary>Whether readers mark, and how many marks were answered.</summary>
internal sealed class Marking
{
    private volatile bool _isOn;
    private long _count;

    public bool IsOn
    {
        get => _isOn;
        set => _isOn = value;
    }

    public long Count => Interlocked.Read(ref _count);

    public void Answered() => Interlocked.Increment(ref _count);
}
