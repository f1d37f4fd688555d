using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Processes;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>
/// Runs a closed loop twice, to warm up and to measure, each time until all that was published has arrived everywhere,
/// and reckons the server's processor time per million deliveries.
/// </summary>
internal static class DeliveryWindow
{
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(3);

    /// <param name="swarm">The clients.</param>
    /// <param name="server">The server whose time is counted.</param>
    /// <param name="subscribers">How many get each message.</param>
    /// <param name="warmUp">How long to warm up.</param>
    /// <param name="publishes">How many messages to measure.</param>
    /// <param name="run">Starts all publishers; from then on they go on while the function they get says so.</param>
    public static Measurement Measure(
        Swarm swarm, ServerProcess server, int subscribers, TimeSpan warmUp, long publishes, Action<Func<bool>> run)
    {
        var start = Stopwatch.GetTimestamp();
        Run(swarm, subscribers, () => Stopwatch.GetElapsedTime(start) < warmUp, run);

        var (already, delivered) = (swarm.Publishes, swarm.Deliveries);
        var (cpu, own) = (server.Cpu(), CpuClock.OfThisProcess());
        start = Stopwatch.GetTimestamp();
        Run(swarm, subscribers, () => swarm.Publishes - already < publishes, run);
        var wall = Stopwatch.GetElapsedTime(start);
        (cpu, own) = (server.Cpu() - cpu, CpuClock.OfThisProcess() - own);
        delivered = swarm.Deliveries - delivered;

        return new Measurement(
            cpu.TotalSeconds / delivered * 1e6,
            own / (own + cpu),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{delivered / 1e6:f2} M deliveries, server {cpu.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU in {wall.TotalSeconds:f2} s"));
    }

    private static void Run(Swarm swarm, int subscribers, Func<bool> goOn, Action<Func<bool>> run)
    {
        run(goOn);
        swarm.Run(
            () => !goOn() && swarm.Deliveries == swarm.Publishes * subscribers &&
                swarm.Peers.All(x => x.Acknowledged == x.Sent),
            AtMost);
    }
}
