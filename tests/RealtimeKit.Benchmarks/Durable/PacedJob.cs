using System.Diagnostics;
using RealtimeKit.Benchmarks.Jobs;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>
/// A fixed number of messages per second, whether or not earlier ones have been acknowledged. A message's latency counts
/// from the moment at which it was due, so that a stall is charged to all that it delays.
/// </summary>
internal static class PacedJob
{
    /// <summary>The latencies of all acknowledgements after the warm-up, in milliseconds, ascending.</summary>
    public static double[] Run(ServerProcess server, int channels, int rate, TimeSpan warmUp, TimeSpan time)
    {
        using var swarm = new Swarm(x => new RealtimeKitWire(x, subscribe: false));
        var skipped = (long)(rate * warmUp.TotalSeconds);
        var total = skipped + (long)(rate * time.TotalSeconds);
        var latencies = new List<double>((int)(total - skipped));
        var (start, acknowledged) = (0L, 0L);
        swarm.Moved = peer =>
        {
            acknowledged++;
            var number = ((long)(peer.Acknowledged - 1) * channels) + peer.Index;
            if (number >= skipped)
                latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds - Due(number));
        };
        swarm.Connect(server.Port, channels, x => $"c{x}", 1);
        start = Stopwatch.GetTimestamp();
        swarm.Loop.RunUntil(
            () =>
            {
                var now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                while (swarm.Publishes < total && Due(swarm.Publishes) <= now)
                {
                    var peer = swarm.Peers[(int)(swarm.Publishes % channels)];
                    swarm.Publish(peer, 0);
                    peer.Flush();
                }

                return acknowledged == total;
            },
            warmUp + time + TimeSpan.FromMinutes(1),
            pollMilliseconds: 1);
        latencies.Sort();
        return [.. latencies];

        double Due(long number) => number * 1000.0 / rate;
    }
}
