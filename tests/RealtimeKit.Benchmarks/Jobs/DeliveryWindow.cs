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
    /// <param name="warmUp">
    /// How much processor time the server gets to warm up. The clock on the wall would tell little: the just-in-time compiler
    /// makes its best code late, and later still where it has to share the core.
    /// </param>
    /// <param name="publishes">How many messages to measure.</param>
    /// <param name="run">Starts all publishers; from then on they go on while the function they get says so.</param>
    public static async Task<Measurement> MeasureAsync(
        Swarm swarm, ServerProcess server, int subscribers, TimeSpan warmUp, long publishes, Action<Func<bool>> run)
    {
        var cold = new Meter(server, warmUp);
        Run(swarm, subscribers, () => !cold.IsReached(), run);

        await server.MemoryAsync();
        var before = await server.MemoryAsync();
        var (already, delivered) = (swarm.Publishes, swarm.Deliveries);
        var (cpu, own) = (server.Cpu(), CpuClock.OfThisProcess());
        var start = Stopwatch.GetTimestamp();
        Run(swarm, subscribers, () => swarm.Publishes - already < publishes, run);
        var wall = Stopwatch.GetElapsedTime(start);
        (cpu, own) = (server.Cpu() - cpu, CpuClock.OfThisProcess() - own);
        delivered = swarm.Deliveries - delivered;
        var after = await server.MemoryAsync();

        return new Measurement(
            cpu.TotalSeconds / delivered * 1e6,
            own / (own + cpu),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{delivered / 1e6:f2} M deliveries, server {cpu.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU in {wall.TotalSeconds:f2} s; allocated {(after.Allocated - before.Allocated) / (double)(swarm.Publishes - already):n0} bytes a message, collections {(after.PauseMilliseconds - before.PauseMilliseconds) / 1000:f2} s"));
    }

    private static void Run(Swarm swarm, int subscribers, Func<bool> goOn, Action<Func<bool>> run)
    {
        run(goOn);
        swarm.Run(
            () => !goOn() && swarm.Deliveries == swarm.Publishes * subscribers &&
                swarm.Peers.All(x => x.Acknowledged == x.Sent),
            AtMost);
    }

    /// <summary>Says when a server has used so much processor time; it looks now and then only, since looking costs.</summary>
    private sealed class Meter(ServerProcess server, TimeSpan time)
    {
        private readonly TimeSpan _from = server.Cpu();
        private long _looked = Stopwatch.GetTimestamp();
        private bool _reached;

        public bool IsReached()
        {
            if (_reached || Stopwatch.GetElapsedTime(_looked).TotalMilliseconds < 50)
                return _reached;
            _looked = Stopwatch.GetTimestamp();
            return _reached = server.Cpu() - _from >= time;
        }
    }
}
