using System.Diagnostics;
using System.Globalization;
using RealtimeKit.Benchmarks.Processes;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>All clients come at once, as after a restart: connect, sign in, subscribe.</summary>
internal sealed class StormJob(Arguments arguments) : IJob
{
    private readonly int _clients = arguments.Number("storm", 5000);
    private readonly int _storms = arguments.Number("storms", 5);
    private readonly int _each = arguments.Number("storm-members", 10);

    public string Name => $"{_clients:n0} clients connecting and subscribing at once ({_each} in a channel)";

    public string Unit => "server CPU ms per client";

    public double Target => 0.7;

    public int Channels => (_clients + _each - 1) / _each;

    public async Task<Measurement> RunAsync(Contender contender, ServerProcess server)
    {
        // A server that has just started would compile, not serve: it sees smaller storms until it has had its time to warm up.
        var (cold, warmUp) = (server.Cpu(), TimeSpan.FromSeconds(arguments.Number("warmup", 45)));
        while (server.Cpu() - cold < warmUp)
        {
            using (var first = new Swarm(contender.Wire))
                first.Connect(server.Port, _clients / 2, x => $"c{x / _each}");
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }

        var (cpu, own, wall, allocated, collections, paused) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, 0L, 0, 0.0);
        for (var storm = 0; storm < _storms; storm++)
        {
            // The server is done with those who went before.
            await Task.Delay(TimeSpan.FromSeconds(2));
            var before = await server.MemoryAsync();
            var (serverBefore, ownBefore, start) = (server.Cpu(), CpuClock.OfThisProcess(), Stopwatch.GetTimestamp());
            using var swarm = new Swarm(contender.Wire);
            swarm.Connect(server.Port, _clients, x => $"c{x / _each}");
            wall += Stopwatch.GetElapsedTime(start);
            cpu += server.Cpu() - serverBefore;
            own += CpuClock.OfThisProcess() - ownBefore;
            var after = await server.MemoryAsync();
            allocated += after.Allocated - before.Allocated;
            collections += after.Collections - before.Collections;
            paused += after.PauseMilliseconds - before.PauseMilliseconds;
        }

        var clients = _clients * _storms;
        return new Measurement(
            cpu.TotalMilliseconds / clients,
            own / (own + cpu),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{_storms} storms; server {cpu.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU, all there after {wall.TotalSeconds / _storms:f2} s each; allocated {allocated / clients:n0} bytes a client, {collections} collections stopped it for {paused:n0} ms"));
    }
}
