using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RealtimeKit.Benchmarks.Reports;
using RealtimeKit.Brokers;
using RealtimeKit.RabbitMQ;
using RealtimeKit.Servers;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>What many channels joined on one node cost at the broker, with the default partitions and with so many that nearly each channel has its own.</summary>
internal static class JoinsMode
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (count, rounds) = (arguments.Number("channels", 10_000), arguments.Number("rounds", 3));
        await using var rabbit = await RabbitMqServer.CreateAsync();
        Console.WriteLine(Setting.Describe());
        Console.WriteLine("| partitions | channels | bindings | joined in, s | declared again after a lost connection in, s | left in, s |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var partitions in new[] { 256, 65_536 })
        {
            for (var round = 0; round < rounds; round++)
                Console.WriteLine(await RunAsync(rabbit, count, partitions));
        }

        return 0;
    }

    private static async Task<string> RunAsync(RabbitMqServer rabbit, int count, int partitions)
    {
        var options = new RabbitMqBrokerOptions { Partitions = partitions };
        options.Endpoints.Add(new RabbitMqEndpoint(rabbit.Uri().ToString()));
        var receiver = new Receiver();
        await using var broker = new RabbitMqBroker(Options.Create(options), TimeProvider.System, NullLogger<RabbitMqBroker>.Instance);
        await broker.StartAsync(receiver, default);
        string[] channels = [.. Enumerable.Range(0, count).Select(number => $"channel-{number}")];
        var joined = await TimeAsync(async () =>
        {
            foreach (var channel in channels)
                await broker.SubscribeAsync(channel, default);
        });
        var bindings = (await rabbit.ControlAsync(0, "-q", "list_bindings", "source_name")).Split('\n').Count(row => row.Trim() == options.Exchange);
        await rabbit.ControlAsync(0, "close_all_connections", "measurement");
        await receiver.Regained.Task.WaitAsync(Patience);
        var left = await TimeAsync(async () =>
        {
            foreach (var channel in channels)
                await broker.UnsubscribeAsync(channel, default);
        });
        return string.Create(
            CultureInfo.InvariantCulture, $"| {partitions:n0} | {count:n0} | {bindings:n0} | {joined:f2} | {receiver.Away.TotalSeconds:f2} | {left:f2} |");
    }

    private static async Task<double> TimeAsync(Func<Task> act)
    {
        var start = Stopwatch.GetTimestamp();
        await act();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private sealed class Receiver : IBrokerReceiver
    {
        private long _lost;

        public TaskCompletionSource Regained { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan Away { get; private set; }

        public void Receive(string channel, ReadOnlySpan<byte> payload)
        {
        }

        public void ConnectionLost() => _lost = Stopwatch.GetTimestamp();

        public void ConnectionRegained()
        {
            Away = Stopwatch.GetElapsedTime(_lost);
            Regained.TrySetResult();
        }

        public void PublishLost(string channel)
        {
        }
    }
}
