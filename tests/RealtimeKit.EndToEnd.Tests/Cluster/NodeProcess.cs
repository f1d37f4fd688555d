using System.Diagnostics;
using RealtimeKit.EndToEnd.Hosting;

namespace RealtimeKit.EndToEnd.Cluster;

/// <summary>A node of a cluster, started as anyone starts one alone.</summary>
public sealed class NodeProcess(string name, int port, string database, string broker, string exchange, IReadOnlyDictionary<string, string>? environment = null)
    : ServerProcess(new Uri($"http://127.0.0.1:{port}"))
{
    public string Name => name;

    public string Database => database;

    protected override ProcessStartInfo Describe()
    {
        var start = SampleProgram.Start(
            SampleProgram.Locate("Cluster", "REALTIMEKIT_CLUSTER"),
            "--urls", Address.ToString().TrimEnd('/'), "--Node:Name", name, "--RabbitMq:Exchange", exchange, "--ConnectionStrings:Chat", database);
        // One by argument and one by environment: both ways are promised.
        start.Environment["ConnectionStrings__RabbitMq"] = broker;
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>()) start.Environment[variable] = value;
        return start;
    }
}
