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

    public int Turns { get; } = arguments.Number("storms", 8);

    public async Task WarmUpAsync(Contender contender, ServerProcess server)
    {
        // A server that has just started would compile, not serve: it sees smaller storms until it has had its time.
        var (cold, warmUp) = (server.Cpu(), TimeSpan.FromSeconds(arguments.Number("warmup", 45)));
        while (server.Cpu() - cold < warmUp)
        {
            using (var first = new Swarm(contender.Wire))
                Connect(first, server, _clients / 2);
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }
    }

    public async Task<Measurement> MeasureAsync(Contender contender, ServerProcess server)
    {
        // The server is done with those who went before.
        await Task.Delay(TimeSpan.FromSeconds(2));
        var before = await server.MemoryAsync();
        var (serverBefore, ownBefore, start) = (server.Cpu(), CpuClock.OfThisProcess(), Stopwatch.GetTimestamp());
        using var swarm = new Swarm(contender.Wire);
        Connect(swarm, server, _clients);
        var wall = Stopwatch.GetElapsedTime(start);
        var (cpu, own) = (server.Cpu() - serverBefore, CpuClock.OfThisProcess() - ownBefore);
        swarm.Rest(TimeSpan.FromSeconds(1));
        var withAfter = server.Cpu() - serverBefore;
        var after = await server.MemoryAsync();

        return new Measurement(
            cpu.TotalMilliseconds / _clients,
            own / (own + cpu),
            string.Create(
                CultureInfo.InvariantCulture,
                $"server {cpu.TotalSeconds:f2} s, with the second after {withAfter.TotalSeconds:f2} s, client {own.TotalSeconds:f2} s CPU, all there after {wall.TotalSeconds:f2} s; allocated {(after.Allocated - before.Allocated) / _clients:n0} bytes a client, {after.Collections - before.Collections} collections stopped it for {after.PauseMilliseconds - before.PauseMilliseconds:n0} ms"),
            withAfter.TotalMilliseconds / _clients);
    }

    private void Connect(Swarm swarm, ServerProcess server, int clients) => swarm.Connect(server.Port, clients, x => $"c{x / _each}");
}
