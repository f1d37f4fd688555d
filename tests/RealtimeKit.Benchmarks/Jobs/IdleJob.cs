using System.Globalization;
using RealtimeKit.Benchmarks.Processes;
using RealtimeKit.Benchmarks.Servers;

namespace RealtimeKit.Benchmarks.Jobs;

/// <summary>Connections that are subscribed and say nothing: what each costs the server in memory.</summary>
internal sealed class IdleJob(Arguments arguments) : IJob
{
    private readonly int _connections = arguments.Number("idle", 10_000);
    private readonly int _each = arguments.Number("idle-members", 10);

    public string Name => $"{_connections:n0} idle connections, each subscribed to a channel ({_each} in each)";

    public string Unit => "bytes of server memory per connection";

    public double Target => 1.0;

    public int Channels => (_connections + _each - 1) / _each;

    public async Task<Measurement> MeasureAsync(Contender contender, ServerProcess server)
    {
        // The first connections bring code and tables with them that later ones share.
        using (var first = new Swarm(contender.Wire))
            first.Connect(server.Port, 200, x => $"c{x / _each}");
        await Task.Delay(TimeSpan.FromSeconds(1));
        await server.SettleAsync();
        var before = await server.SettleAsync();

        using var swarm = new Swarm(contender.Wire);
        swarm.Connect(server.Port, _connections, x => $"c{x / _each}");
        swarm.Rest(TimeSpan.FromSeconds(3));
        var untouched = await server.MemoryAsync();
        await server.SettleAsync();
        swarm.Rest(TimeSpan.FromSeconds(1));
        var after = await server.SettleAsync();
        return new Measurement(
            Each(x => x.Private, after),
            null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"after a full collection: private {Each(x => x.Private, after):n0}, resident {Each(x => x.Resident, after):n0}, managed heap {Each(x => x.Heap, after):n0}; before it: private {Each(x => x.Private, untouched):n0}"));

        double Each(Func<MemoryReport, long> part, MemoryReport now) => (part(now) - part(before)) / (double)_connections;
    }
}
