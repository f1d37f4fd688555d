using System.Diagnostics;
using RealtimeKit.Benchmarks.Jobs;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Brokers;

/// <summary>A client of one node publishes to a channel, a client of the other reads it.</summary>
internal static class TwoNodesJob
{
    private const string Channel = "c0";

    /// <summary>The times from a publish to its delivery after the warm-up, in milliseconds, ascending.</summary>
    public static double[] Run(ServerProcess one, ServerProcess two, int rate, TimeSpan warmUp, TimeSpan time)
    {
        using var swarm = new Swarm(events => new RealtimeKitWire(events));
        var (skipped, total) = ((int)(rate * warmUp.TotalSeconds), (int)(rate * (warmUp + time).TotalSeconds));
        var (sent, times, arrived) = (new long[total + 1], new List<double>(total), 0);
        swarm.Connect(one.Port, 1, _ => Channel, publishers: 1);
        swarm.Connect(two.Port, 2, _ => Channel, publishers: 1);
        var (writer, reader) = (swarm.Peers[0], swarm.Peers[1]);
        swarm.Arrived = (peer, _, counter) =>
        {
            if (peer != reader)
                return;
            arrived++;
            if (counter > skipped)
                times.Add(Stopwatch.GetElapsedTime(sent[counter]).TotalMilliseconds);
        };
        var start = Stopwatch.GetTimestamp();
        swarm.Loop.RunUntil(
            () =>
            {
                var due = Math.Min(total, (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * rate));
                while (writer.Sent < due)
                {
                    sent[writer.Sent + 1] = Stopwatch.GetTimestamp();
                    swarm.Publish(writer, 0);
                    writer.Flush();
                }

                return arrived == total && writer.Acknowledged == total;
            },
            warmUp + time + TimeSpan.FromMinutes(1),
            pollMilliseconds: 1);
        return [.. times.Order()];
    }
}
