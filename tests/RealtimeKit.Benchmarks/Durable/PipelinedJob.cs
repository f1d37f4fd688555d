using System.Diagnostics;
using RealtimeKit.Benchmarks.Jobs;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Sockets;
using RealtimeKit.Benchmarks.Wires;

namespace RealtimeKit.Benchmarks.Durable;

/// <summary>Clients that keep a window of unacknowledged messages each: how many are acknowledged, that is durable, per second.</summary>
internal static class PipelinedJob
{
    public static (double PerSecond, TimeSpan ServerCpu) Run(ServerProcess server, int channels, int window, TimeSpan warmUp, TimeSpan time)
    {
        using var swarm = new Swarm(x => new RealtimeKitWire(x, subscribe: false));
        var goOn = true;
        var acknowledged = 0L;
        swarm.Moved = peer =>
        {
            acknowledged++;
            Fill(peer);
        };
        swarm.Connect(server.Port, channels, x => $"c{x}", 1);
        foreach (var peer in swarm.Peers)
        {
            Fill(peer);
            peer.Flush();
        }

        Pass(warmUp);
        var (start, already, cpu) = (Stopwatch.GetTimestamp(), acknowledged, server.Cpu());
        Pass(time);
        var rate = (acknowledged - already) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = server.Cpu() - cpu;
        goOn = false;
        swarm.Run(() => acknowledged == swarm.Publishes, TimeSpan.FromMinutes(1));
        return (rate, cpu);

        void Fill(Peer peer)
        {
            while (goOn && peer.Sent - peer.Acknowledged < window)
                swarm.Publish(peer, 0);
        }

        void Pass(TimeSpan span)
        {
            var from = Stopwatch.GetTimestamp();
            swarm.Run(() => Stopwatch.GetElapsedTime(from) >= span, TimeSpan.FromMinutes(5));
        }
    }
}
