using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Processes;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>All clients come at once, as after a restart: connect, sign in, subscribe.</summary>
internal sealed class StormJob(Arguments arguments) : IJob
{
    private readonly int _clients = arguments.Number("storm", 5000);
    private readonly int _each = arguments.Number("storm-members", 10);

    public string Name => $"{_clients:n0} clients connecting and subscribing at once ({_each} in a channel)";

    public string Unit => "server CPU ms per client";

    public double Target => 0.7;

    public int Channels => (_clients + _each - 1) / _each;

    public async Task<Measurement> RunAsync(Contender contender, ServerProcess server)
    {
        // A server that has just started would compile, not serve: it sees smaller storms until it has had its time to warm up.
        var (cold, warmUp) = (server.Cpu(), TimeSpan.FromSeconds(arguments.Number("warmup", 8)));
        while (server.Cpu() - cold < warmUp)
        {
            using (var first = new Swarm(contender.Wire))
                first.Connect(server.Port, _clients / 2, x => $"c{x / _each}");
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }

        await Task.Delay(TimeSpan.FromSeconds(2));
        var before = await server.MemoryAsync();
        var (cpu, own, start) = (server.Cpu(), CpuClock.OfThisProcess(), Stopwatch.GetTimestamp());
        using var swarm = new Swarm(contender.Wire);
        swarm.Connect(server.Port, _clients, x => $"c{x / _each}");
        var wall = Stopwatch.GetElapsedTime(start);
        (cpu, own) = (server.Cpu() - cpu, CpuClock.OfThisProcess() - own);
        var after = await server.MemoryAsync();
        return new Measurement(
            cpu.TotalMilliseconds / _clients,
            own / (own + cpu),
            string.Create(
                CultureInfo.InvariantCulture,
                $"server {cpu.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU, all there after {wall.TotalSeconds:f2} s; allocated {(after.Allocated - before.Allocated) / _clients:n0} bytes a client, {after.Collections - before.Collections} collections stopped it for {after.PauseMilliseconds - before.PauseMilliseconds:n0} ms"));
    }
}
